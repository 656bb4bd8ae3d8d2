"""Ask the site for a WAN switch or rollback; the transaction itself is `rekamatan.wan`."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: wan_profile
short_description: Move a site to another WAN profile without stranding it
description:
  - The site arms the way back on the modem, applies, measures the new path with a record to the
    data centre, then confirms or goes back. It needs nobody for that. The session is expected to
    die with the link; it is opened anew until C(deadline).
  - In check mode only the plan is made. Nothing is changed when the profile is active and passes.
options:
  name: {description: Profile that is to be active; not for C(previous)., type: str, default: ""}
  state:
    description: C(active) switches to C(name), C(previous) goes back to the profile before.
    type: str
    choices: [active, previous]
    default: active
  change_order: {description: Number of the written order., type: str, default: ""}
  order: {description: Text of the signed order file (C(rekamatan order)), type: str, default: ""}
  deadline: {description: Seconds until the outcome is called unknown., type: int, default: 900}
author: Rekamatan contributors
"""
EXAMPLES = "- wan_profile: {name: telkomsel, change_order: 470/112/2026}"
RETURN = r"""
state:
  description: C(verified), C(degraded), C(rolled_back), C(preflight_failed), C(stranded),
    C(waiting) or C(unknown).
  returned: always
  type: str
outcome: {description: As C(rekamatan.models.SwitchOutcome)., returned: when told, type: dict}
"""


def main() -> None:
    """Plan in check mode, else begin; the action plugin follows."""
    text, states = {"type": "str", "default": ""}, ["active", "previous"]
    spec = dict.fromkeys(("name", "change_order", "order"), text)
    spec |= {"state": {"type": "str", "choices": states, "default": "active"}}
    spec |= {"deadline": {"type": "int", "default": 900}}
    needs_name = [("state", "active", ["name"])]
    module = AnsibleModule(spec, supports_check_mode=True, required_if=needs_name)
    from rekamatan.errors import RekamatanError  # noqa: PLC0415 - absent where only docs are read
    from rekamatan.fleet import site_switch  # noqa: PLC0415

    try:
        module.exit_json(**site_switch.asked(module.params, check=module.check_mode))
    except RekamatanError as error:
        module.fail_json(msg=str(error), state=site_switch.state_of(error))


if __name__ == "__main__":
    main()

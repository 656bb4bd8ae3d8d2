"""Ask the site for a WAN switch or rollback; the transaction itself is `rekamatan.wan`."""

from __future__ import annotations

import json
from typing import Any

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: wan_profile
short_description: Move a site to another WAN profile without stranding it
description:
  - Starts the switch at the site and follows it to its outcome. The site arms the way back on the
    modem, applies, measures the new path with a record to the data centre, then confirms or goes
    back. It needs nobody for that.
  - The link used to ask is the link that is changed, so the session is expected to die; it is
    opened anew until C(deadline).
  - In check mode only the plan is made. Nothing is changed when the profile is active already and
    passes the gate.
options:
  name:
    description: Profile that is to be active. Not used with C(state=previous).
    type: str
    default: ""
  state:
    description: C(active) switches to C(name), C(previous) goes back to the profile before the
      last switch.
    type: str
    choices: [active, previous]
    default: active
  change_order:
    description: Number of the written order.
    type: str
    default: ""
  order:
    description: Text of the signed order file (C(rekamatan order sign)), where the district
      demands one. The site checks it again.
    type: str
    default: ""
  deadline:
    description: Seconds after which the outcome is called unknown.
    type: int
    default: 900
author: Rekamatan contributors
"""

EXAMPLES = r"""
- name: Telkomsel is the active carrier
  wan_profile:
    name: telkomsel
    change_order: 470/112/2026
"""

RETURN = r"""
state:
  description: C(verified), C(degraded), C(rolled_back), C(preflight_failed), C(stranded),
    C(waiting) or C(unknown).
  returned: always
  type: str
outcome:
  description: The site's own account, as C(rekamatan.models.SwitchOutcome).
  returned: when the site told
  type: dict
"""

COMMAND = "/usr/local/bin/rekamatan"


def plan(module: AnsibleModule, name: str, number: str, order: str) -> dict[str, Any]:
    """What a switch would change, as the site sees it; fails where it would be refused."""
    argv = [COMMAND, "wan", "plan", "--profile", name, "--change-order", number, "--json"]
    argv += ["--order", "-"] if order else []
    _, out, error = module.run_command(argv, data=order or None, binary_data=True)
    try:
        found: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
    except (ValueError, IndexError):
        module.fail_json(
            msg=f"rekamatan wan plan: {(error or out).strip()[-600:]}", state="unknown"
        )
    if "error" in found:
        module.fail_json(msg=": ".join(map(str, found.values())), state="unknown")
    if found["reasons"]:
        said = "; ".join(f"{reason['code']}: {reason['detail']}" for reason in found["reasons"])
        module.fail_json(msg=f"a switch would be refused: {said}", state="preflight_failed")
    diff = {"before": found.get("before", ""), "after": found.get("after", "")}
    changed = bool(found["commands"])
    return {"changed": changed, "diff": diff, "commands": found["commands"], "state": "planned"}


def main() -> None:
    """Plan in check mode, else begin; the action plugin follows."""
    spec = {
        "name": {"type": "str", "default": ""},
        "state": {"type": "str", "choices": ["active", "previous"], "default": "active"},
        "change_order": {"type": "str", "default": ""},
        "order": {"type": "str", "default": ""},
        "deadline": {"type": "int", "default": 900},
    }
    module = AnsibleModule(
        spec, supports_check_mode=True, required_if=[("state", "active", ["name"])]
    )
    name, number, order = (module.params[key] for key in ("name", "change_order", "order"))
    if module.check_mode:
        module.exit_json(**plan(module, name, number, order))
    from rekamatan.errors import RekamatanError  # noqa: PLC0415 - absent where only the docs are read
    from rekamatan.fleet.site_switch import begin  # noqa: PLC0415

    kind = "switch" if module.params["state"] == "active" else "rollback"
    try:
        module.exit_json(changed=False, run_id=begin(kind, name, number, order=order))
    except RekamatanError as error:
        module.fail_json(msg=str(error), state="preflight_failed")


if __name__ == "__main__":
    main()

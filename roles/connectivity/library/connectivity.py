"""Run the gate at the site and return what it measured."""

from __future__ import annotations

import json

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: connectivity
short_description: Prove that a site reaches the data centre
description:
  - Runs C(rekamatan verify) at the site, the same gate that a switch must pass, with a record to
    the data centre.
  - Changes nothing. With C(expect=pass) a verdict other than C(pass) is a failure.
options:
  expect:
    description: C(pass) fails on any other verdict, C(any) only reports it.
    type: str
    choices: [pass, any]
    default: pass
author: Rekamatan contributors
"""

EXAMPLES = r"""
- name: The site reaches the data centre
  connectivity:
    expect: pass
"""

RETURN = r"""
gate:
  description: Verdict and probes, as C(rekamatan.models.GateResult).
  returned: when measured
  type: dict
"""


def main() -> None:
    """Measure, compare with what is expected."""
    spec = {"expect": {"type": "str", "choices": ["pass", "any"], "default": "pass"}}
    module = AnsibleModule(spec, supports_check_mode=True)
    code, out, error = module.run_command(["/usr/local/bin/rekamatan", "verify", "--json"])
    try:
        gate = json.loads(out.strip().splitlines()[-1] if code == 0 else out)
    except (ValueError, IndexError):
        module.fail_json(msg=f"rekamatan verify ended with {code}: {(error or out).strip()[-600:]}")
    if "verdict" not in gate:
        module.fail_json(msg=f"{gate.get('subject')}: {gate.get('action')}: {gate.get('reason')}")
    if module.params["expect"] == "pass" and gate["verdict"] != "pass":
        reasons = "; ".join(gate.get("reasons", [])) or gate["verdict"]
        module.fail_json(msg=f"the gate says {gate['verdict']}: {reasons}", gate=gate)
    module.exit_json(changed=False, gate=gate)


if __name__ == "__main__":
    main()

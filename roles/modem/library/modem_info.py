"""What the office's modem is and how it is; the thinking is in `rekamatan.modems.facts`."""

from __future__ import annotations

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from rekamatan.config import site_from_variables
from rekamatan.errors import RekamatanError
from rekamatan.modems.facts import look_at

DOCUMENTATION = r"""
module: modem_info
short_description: Model, firmware, carrier, SIM and signal of a modem; keeps its configuration
description:
  - Reads only. With C(backup_directory) the modem's configuration, without secrets, is stored
    there when it differs from the newest stored one; the oldest beyond 20 are dropped.
options:
  variables:
    description: Inventory variables of this site, resolved.
    type: dict
    required: true
  password:
    description: Password of the account named in C(account).
    type: str
    required: true
  account:
    description: Which of the modem's two accounts the password is of.
    type: str
    choices: [change, read]
    default: change
  backup_directory:
    description: Where the configuration is kept. Without it, it is not read.
    type: path
author: Rekamatan contributors
"""

EXAMPLES = r"""
- name: What is at the office
  modem_info:
    variables: "{{ modem_variables }}"
    password: "{{ modem_read_password }}"
    account: read
"""

RETURN = r"""
modem:
  description: C(identity), C(state) and C(pending), as in C(rekamatan.models); C(backup), a path.
  returned: success
  type: dict
"""


def main() -> None:
    """Hand over to the driver, translate what it says."""
    spec = {
        "variables": {"type": "dict", "required": True},
        "password": {"type": "str", "required": True, "no_log": True},
        "account": {"type": "str", "choices": ["change", "read"], "default": "change"},
        "backup_directory": {"type": "path"},
    }
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    given = module.params
    source = f"inventory host {given['variables'].get('inventory_hostname', '?')}"
    folder = given["backup_directory"]
    keep_in = Path(folder) if folder and not module.check_mode else None
    try:
        site = site_from_variables(given["variables"], source=source)
        reader = given["account"] == "read"
        modem = look_at(site.modem, given["password"], read_only=reader, keep_in=keep_in)
    except RekamatanError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=modem.pop("new_backup"), modem=modem)


if __name__ == "__main__":
    main()

"""Base configuration of the office's modem; what it is made of is decided in `rekamatan.modems`."""

from __future__ import annotations

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from rekamatan.config import site_from_variables
from rekamatan.errors import RekamatanError
from rekamatan.modems.base_config import BaseSecrets, base_of
from rekamatan.modems.registry import configure_base

DOCUMENTATION = r"""
module: modem_config
short_description: LAN, DHCP, management access and APN profiles of a modem
description:
  - Reads the modem, plans, and sends only what differs. The active carrier is not changed; that is
    C(wan_profile). Runs on the recording server, which reaches the modem over the LAN.
options:
  variables:
    description: Inventory variables of this site, resolved.
    type: dict
    required: true
  password:
    description: Password of the account that may change the modem.
    type: str
    required: true
  read_password:
    description: Password that the read-only account gets.
    type: str
    required: true
  apn_passwords:
    description: Profile to APN password.
    type: dict
    default: {}
  backup_directory:
    description: Where the modem's configuration is stored before it is changed.
    type: path
    required: true
author: Rekamatan contributors
"""

EXAMPLES = r"""
- name: The modem is as it should be
  modem_config:
    variables: "{{ modem_variables }}"
    password: "{{ modem_password }}"
    read_password: "{{ modem_read_password }}"
    backup_directory: /var/lib/rekamatan/modem
  no_log: true
"""

RETURN = r"""
commands:
  description: What was sent, without secrets.
  returned: success
  type: list
"""


def main() -> None:
    """Hand over to the driver, translate what it says."""
    spec = {
        "variables": {"type": "dict", "required": True},
        "password": {"type": "str", "required": True, "no_log": True},
        "read_password": {"type": "str", "required": True, "no_log": True},
        "apn_passwords": {"type": "dict", "default": {}, "no_log": True},
        "backup_directory": {"type": "path", "required": True},
    }
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    given = module.params
    source = f"inventory host {given['variables'].get('inventory_hostname', '?')}"
    try:
        site = site_from_variables(given["variables"], source=source)
        secrets = BaseSecrets(given["read_password"], given["apn_passwords"])
        done = configure_base(
            site.modem,
            given["password"],
            base_of(site),
            secrets,
            check=module.check_mode,
            keep_in=Path(given["backup_directory"]),
        )
    except RekamatanError as error:
        module.fail_json(msg=str(error))
    diff = {"before": done.before, "after": done.after}
    module.exit_json(changed=done.changed, diff=diff, commands=list(done.commands))


if __name__ == "__main__":
    main()

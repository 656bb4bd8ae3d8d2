"""A secret as an encrypted systemd credential; it travels by pipe, never on a command line."""

from __future__ import annotations

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: systemd_credential
short_description: Keep a secret as an encrypted systemd credential
description:
  - Decrypts what is there and compares in memory; encrypts anew only when the secret differs or
    can no longer be decrypted on this machine. Neither the secret nor a digest of it is stored in
    clear.
options:
  name:
    description: Name under which a unit loads it.
    type: str
    required: true
  path:
    description: The encrypted file.
    type: path
    required: true
  content:
    description: The secret.
    type: str
    required: true
  with_key:
    description: What it is encrypted to, as C(systemd-creds --with-key).
    type: str
    default: auto
author: Rekamatan contributors
"""

EXAMPLES = r"""
- name: Credential of the switch
  systemd_credential:
    name: modem-switch
    path: /etc/rekamatan/credentials/modem-switch.cred
    content: "{{ site_agent_modem_password }}"
  no_log: true
"""

RETURN = r"""# nothing beyond changed"""


def main() -> None:
    """Decrypt, compare, encrypt."""
    spec = {
        "name": {"type": "str", "required": True},
        "path": {"type": "path", "required": True},
        "content": {"type": "str", "required": True, "no_log": True},
        "with_key": {"type": "str", "default": "auto", "no_log": False},
    }
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    name, path, content = (module.params[key] for key in ("name", "path", "content"))
    named = f"--name={name}"
    code, stored, _ = module.run_command(["systemd-creds", "decrypt", named, path, "-"])
    if code == 0 and stored == content:
        module.exit_json(changed=False)
    if not module.check_mode:
        new = Path(f"{path}.new")
        command = ["systemd-creds", "encrypt", f"--with-key={module.params['with_key']}", named]
        code, _, error = module.run_command(
            [*command, "-", str(new)], data=content, binary_data=True
        )
        if code != 0:
            module.fail_json(msg=f"credential {name}: systemd-creds encrypt: {error.strip()}")
        new.chmod(0o600)
        new.replace(path)
    module.exit_json(changed=True)


if __name__ == "__main__":
    main()

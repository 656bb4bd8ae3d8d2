"""Write /etc/rekamatan/site.json; what belongs in it is decided in `rekamatan.config`."""

from __future__ import annotations

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from rekamatan.config import site_from_variables, site_to_json
from rekamatan.errors import RekamatanError

DOCUMENTATION = r"""
module: site_config
short_description: Desired state of one site as a file
description:
  - Builds the site's desired state from inventory variables, checks it, and writes it where it
    differs.
  - Needs the Python that has C(rekamatan) installed.
options:
  variables:
    description: Inventory variables of this site, resolved.
    type: dict
    required: true
  path:
    description: Where to write it.
    type: path
    default: /etc/rekamatan/site.json
author: Rekamatan contributors
"""

EXAMPLES = r"""
- name: Desired state
  site_config:
    variables: "{{ site_agent_variables }}"
"""

RETURN = r"""# nothing beyond changed and diff"""


def main() -> None:
    """Read, compare, write."""
    spec = {
        "variables": {"type": "dict", "required": True},
        "path": {"type": "path", "default": "/etc/rekamatan/site.json"},
    }
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    path = Path(module.params["path"])
    variables = module.params["variables"]
    try:
        source = f"inventory host {variables.get('inventory_hostname', '?')}"
        after = site_to_json(site_from_variables(variables, source=source))
    except RekamatanError as error:
        module.fail_json(msg=str(error))
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    if before != after and not module.check_mode:
        new = path.with_suffix(".new")
        new.write_text(after, encoding="utf-8")
        new.chmod(0o644)
        new.replace(path)
    diff = {"before": before, "after": after, "before_header": str(path), "after_header": str(path)}
    module.exit_json(changed=before != after, diff=diff)


if __name__ == "__main__":
    main()

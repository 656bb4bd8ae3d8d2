"""Documentation of the `site_release` action; all of it runs on the controller."""

DOCUMENTATION = r"""
module: site_release
short_description: Apply a site's roles at the site, over a link that may die
description:
  - Asks the site once which files of the release it has, sends only what differs, and starts the
    local apply there as a transient systemd unit, which goes on when the link is lost.
  - Follows the apply and relays each task that changed something. Changed only if the apply
    changed something.
  - In check mode the apply runs with C(--check) from a temporary folder; nothing else is touched.
options:
  project:
    description: The checkout or release that roles and playbooks come from.
    type: path
    required: true
  wheelhouse:
    description: Folder of wheels on the controller.
    type: path
    required: true
  prefixes:
    description: Variables whose names begin with one of these are resolved and go along.
    type: list
    elements: str
    required: true
  deadline:
    description: Seconds after which the outcome is called unknown.
    type: int
    default: 1800
author: Rekamatan contributors
"""

EXAMPLES = r"""
- name: Apply the site's roles
  site_release:
    project: "{{ playbook_dir | dirname }}"
    wheelhouse: "{{ playbook_dir | dirname }}/build/wheelhouse"
    prefixes: [server_baseline_, vpn_]
"""

RETURN = r"""
changed_tasks:
  description: Names of the tasks that changed something.
  returned: always
  type: list
tasks:
  description: How many tasks ran.
  returned: always
  type: int
outcome:
  description: C(failed), or C(unknown) when the site did not answer before the deadline.
  returned: failure
  type: str
seconds:
  description: How long it took.
  returned: always
  type: int
"""

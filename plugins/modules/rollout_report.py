"""Documentation of the `rollout_report` action; all of it runs on the controller."""

DOCUMENTATION = r"""
module: rollout_report
short_description: Files that the report of a rollout is made of
description:
  - Joins the ledger of a rollout with what the sites said last (C(report_status) of each host) and
    writes C(rollout.json) and C(sites/<slug>.json) beside the ledger.
options:
  rollouts:
    description: Folder of all rollouts.
    type: path
    required: true
  name:
    description: Folder of the rollout; the newest one when empty.
    type: str
    default: ""
  sites:
    description: Sites to report, beside those of the ledger.
    type: list
    elements: str
    required: true
  district:
    description: Name of the district.
    type: str
    required: true
author: Rekamatan contributors
"""

EXAMPLES = r"""
- name: Collect what was learned
  rollout_report:
    rollouts: var/rollouts
    sites: "{{ groups['sites'] }}"
    district: Kabupaten Rokan Hilir
"""

RETURN = r"""
directory:
  description: Where the files are.
  returned: always
  type: str
"""

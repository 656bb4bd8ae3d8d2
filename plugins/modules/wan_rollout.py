"""Documentation of the `wan_rollout` action; all of it runs on the controller."""

DOCUMENTATION = r"""
module: wan_rollout
short_description: The ledger of one rollout, and the rule that holds it
description:
  - Keeps under C(directory) what is known about each site of one change order; it survives a
    killed controller.
  - In check mode nothing is written and every site is due.
options:
  step:
    description:
      - C(open) starts or goes on with the ledger; a site that was switching when the last run
        died becomes unknown.
      - C(due) tells whether this host still has to be switched, and notes that it is being
        switched.
      - C(record) notes how it ended.
      - C(review) fails when the wave gives a reason to hold.
      - C(close) shows all sites and fails unless every one is verified.
    type: str
    choices: [open, due, record, review, close]
    required: true
  directory:
    description: Where the ledger lies.
    type: path
    required: true
  change_order:
    description: Number of the written order.
    type: str
    default: ""
  profile:
    description: Profile that the rollout moves to.
    type: str
    default: ""
  sites:
    description: Sites of the rollout, or of the wave.
    type: list
    elements: str
    default: []
  state:
    description: How this host ended.
    type: str
    default: ""
  data:
    description: The site's own account.
    type: dict
    default: {}
author: Rekamatan contributors
"""

EXAMPLES = r"""
- name: Hold the rollout when this wave gives reason to
  wan_rollout:
    step: review
    directory: var/rollouts/470-112-2026-telkomsel
    sites: "{{ ansible_play_batch }}"
  run_once: true
"""

RETURN = r"""
due:
  description: Whether this host still has to be switched.
  returned: with C(step=due)
  type: bool
states:
  description: Site to state.
  returned: with C(step=open) and C(step=close)
  type: dict
"""

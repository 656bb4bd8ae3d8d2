"""Documentation of the `records_compare` action; all of it runs on the controller."""

DOCUMENTATION = r"""
module: records_compare
short_description: Both sides' ledgers of records, compared for the whole district
description:
  - Compares what C(rekamatan records digests) and C(rekamatan records items) said at the sites and
    at the data centre, and names every record that is missing, altered or unknown.
  - Reads the registered variables C(site_digests) and C(site_items) of each site.
options:
  step:
    description:
      - C(buckets) tells which buckets of which sites have to be listed, C(name) compares the lists.
    type: str
    choices: [buckets, name]
    required: true
  sites:
    description: The sites to compare.
    type: list
    elements: str
    required: true
  central:
    description: Registered result of C(rekamatan records digests --role data-centre).
    type: dict
    required: true
  before:
    description: Registered list of the data centre, asked before the sites.
    type: dict
  after:
    description: The same, asked after the sites.
    type: dict
  known_sites:
    description: All sites of the district; records in another name are reported.
    type: list
    elements: str
    default: []
author: Rekamatan contributors
"""

EXAMPLES = r"""
- name: Which lists are needed
  records_compare:
    step: buckets
    sites: "{{ ansible_play_hosts_all }}"
    central: "{{ central_digests }}"
"""

RETURN = r"""
buckets:
  description: Site to buckets that differ.
  returned: step is buckets
  type: dict
union:
  description: All of these buckets.
  returned: step is buckets
  type: list
lines:
  description: One line a site.
  returned: step is name
  type: list
sites:
  description: The same as data.
  returned: step is name
  type: list
agree:
  description: False when a record is to be explained, or the data centre did not answer.
  returned: step is name
  type: bool
"""

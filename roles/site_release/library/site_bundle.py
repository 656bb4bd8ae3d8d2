"""Documentation of the `site_bundle` action; all of it runs on the controller."""

DOCUMENTATION = r"""
module: site_bundle
short_description: A release for a stick, with a site's variables encrypted
description:
  - Writes the same release that C(site_release) sends, with C(SHA256SUMS), and C(site-vars.vault)
    encrypted with the vault password of the run.
options:
  project:
    description: The checkout that roles and playbooks come from.
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
  destination:
    description: The folder to write.
    type: path
    required: true
  pythons:
    description: Python versions of the servers it must fit.
    type: list
    elements: str
    required: true
  machine:
    description: Machine of the servers, as C(uname -m).
    type: str
    required: true
author: Rekamatan contributors
"""

EXAMPLES = r"""
- name: A folder for the stick
  site_bundle:
    project: "{{ playbook_dir | dirname }}"
    wheelhouse: build/wheelhouse
    prefixes: [vpn_]
    destination: build/bundle/kubu
    pythons: ["3.11"]
    machine: x86_64
"""

RETURN = r"""
release:
  description: Twelve hex digits that name the content.
  returned: success
  type: str
"""

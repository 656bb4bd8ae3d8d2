"""A district in which one office has two routers: `python -m tests.lab.two_bearers DIRECTORY`.

The example's own files, but for one host: its recording server chooses between a router on Indosat
and one on Telkomsel. How many bearers a site has is told by its inventory, and nowhere else.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import yaml

from lab.inventory import first_sites
from lab.paths import EXAMPLE_INVENTORY

SECOND = "192.168.201.1@eth1"


def write(directory: Path, example: Path = EXAMPLE_INVENTORY) -> str:
    """Make the inventory anew; the slug of the office with two routers, the second of all."""
    slug = first_sites(example, 2)[1]
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(example, directory)
    file = directory / "host_vars" / slug / "site.yml"
    site = yaml.safe_load(file.read_text(encoding="utf-8"))
    first = site["site_lan"].rsplit(".", 1)[0] + ".1"
    site["site_modem"] = {"platform": "plain_router", "interface": "eth0"}
    for profile, slot in (("indosat", first), ("telkomsel", SECOND)):
        site["site_sims"][profile]["slot"] = slot
    file.write_text("---\n" + yaml.safe_dump(site, sort_keys=False), encoding="utf-8")
    return slug


if __name__ == "__main__":
    print(write(Path(sys.argv[1])))  # noqa: T201 - the command's own output

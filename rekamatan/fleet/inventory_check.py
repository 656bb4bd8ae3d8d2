"""`rekamatan inventory check`: everything wrong with an inventory, told at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rekamatan.fleet.inventory import VAULT, read_inventory
from rekamatan.fleet.inventory_networks import coordinate_problems, network_problems
from rekamatan.fleet.inventory_secrets import secret_problems
from rekamatan.fleet.inventory_shape import (
    identity_problems,
    reference_problems,
    shape_problems,
)
from rekamatan.fleet.inventory_sims import sim_problems
from rekamatan.fleet.inventory_upkeep import upkeep_problems

if TYPE_CHECKING:
    from pathlib import Path

    from rekamatan.fleet.inventory import Inventory
    from rekamatan.fleet.inventory_files import Problem


def check_inventory(root: Path, profile: str | None = None) -> tuple[Inventory, list[Problem]]:
    """Read the inventory and list its problems in the order of files and lines.

    Args:
        root: the inventory directory.
        profile: also demand a SIM card for this WAN profile at every site.

    Raises:
        ConfigError: `root` is not an inventory at all.
    """
    inventory = read_inventory(root)
    problems = {problem for document in inventory.documents for problem in document.problems}
    problems |= set(shape_problems(inventory))
    problems |= set(reference_problems(inventory, profile))
    problems |= set(identity_problems(inventory))
    problems |= set(network_problems(inventory))
    problems |= set(coordinate_problems(inventory))
    problems |= set(sim_problems(inventory))
    problems |= set(secret_problems(inventory))
    problems |= set(upkeep_problems(inventory))
    return inventory, sorted(problems)


def hosts_without_secrets(inventory: Inventory) -> list[str]:
    """Hosts whose vault file is still to be made: no fault of the inventory, but said."""
    hosts = (*inventory.data_centre, *inventory.sites)
    folder = inventory.root / "host_vars"
    return [host.name for host in hosts if not (folder / host.name / VAULT).exists()]

"""What goes wrong at the keyboard: a clear error, an exit status, and nothing half-done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lab.district import SERIES, console, fault, playbook, run, switch
from tests.lab.test_rollout import last_outcome, sites

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.lab
__all__ = ["sites"]


@pytest.fixture
def site(sites: list[str]) -> str:
    return sites[0]


def test_unknown_profile(site: str) -> None:
    before = last_outcome(site)
    done = switch("telkomsell", site)
    assert done.status != 0
    assert "telkomsell" in done.output
    assert "group_vars/all/carriers.yml" in done.output
    assert last_outcome(site) == before


def test_missing_change_order(site: str) -> None:
    before = last_outcome(site)
    done = playbook("switch_wan", "-e", "wan_profile=indosat", "-l", site)
    assert done.status != 0
    assert "change_order=" in done.output
    assert last_outcome(site) == before


def test_site_that_is_not_in_the_inventory() -> None:
    done = switch("indosat", "atlantis")
    assert done.status != 0
    assert "atlantis" in done.output


def test_wrong_vault_password(tmp_path: Path) -> None:
    wrong = tmp_path / "vault-password"
    wrong.write_text("keliru\n", encoding="utf-8")
    done = playbook("status", vault=wrong)
    assert done.status != 0
    assert "Decryption failed" in done.output


def test_unreachable_site_is_waiting_not_failed(site: str) -> None:
    fault("cut-carrier", "telkomsel", "--site", site)
    try:
        before = last_outcome(site)
        done = switch("indosat", site, order=f"470/301/UJI-{SERIES}")
        assert done.status != 0
        assert "waiting" in done.output
        assert last_outcome(site) == before
    finally:
        fault("cut-carrier", "telkomsel", "--site", site, "--restore")


@pytest.mark.parametrize("command", [["wan", "switch", "--profile", "indosat"], ["verify"]])
def test_not_root(site: str, command: list[str]) -> None:
    done = console(f"server-{site}", "runuser", "-u", "nobody", "--", "rekamatan", *command)
    assert done.status != 0
    assert "root" in done.output
    assert "Traceback" not in done.output


def test_no_disk_space(site: str) -> None:
    """The journal cannot be written: refused before the modem is touched."""
    node = f"server-{site}"
    before = last_outcome(site)
    fill = "head -c 10G /dev/zero > /var/lib/rekamatan/fill 2>/dev/null; true"
    console(node, "sh", "-c", fill)
    try:
        argv = ("wan", "switch", "--profile", "indosat", "--change-order", f"470/302/UJI-{SERIES}")
        done = console(node, "rekamatan", *argv, "--lang", "en")
        assert done.status != 0, done.output
        assert "Traceback" not in done.output
    finally:
        console(node, "rm", "-f", "/var/lib/rekamatan/fill")
    assert last_outcome(site) == before
    assert run("rekamatan-lab", "status").status == 0

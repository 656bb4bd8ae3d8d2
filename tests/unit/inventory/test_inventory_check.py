"""Each refusal breaks the real inventory in one way and must be told with file, key and fix."""

from __future__ import annotations

import ipaddress
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from rekamatan.cli import main
from rekamatan.errors import ConfigError
from rekamatan.fleet.inventory import Host, Inventory
from rekamatan.fleet.inventory_check import check_inventory
from rekamatan.fleet.inventory_files import Document
from rekamatan.fleet.inventory_networks import network_problems
from rekamatan.fleet.inventory_sims import luhn_valid

if TYPE_CHECKING:
    from rekamatan.fleet.inventory_files import Problem

REAL = Path(__file__).parents[3] / "inventory" / "rokan_hilir"
CASES = Path(__file__).with_name("refusals.yml")
KUBU = "host_vars/kubu/site.yml"
BANGKO = "host_vars/bangko/site.yml"
CARRIERS = "group_vars/all/carriers.yml"


@dataclass(frozen=True)
class Break:
    """Replace `old` by `new` in `file`; then `key` in `told_in` is told with `word` in it."""

    name: str
    file: str
    old: str
    new: str
    key: str
    word: str
    told_in: str = ""
    others: int = 0  # further problems that rightly follow from the same break


BREAKS = {case["name"]: Break(**case) for case in yaml.safe_load(CASES.read_text())}


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    return Path(shutil.copytree(REAL, tmp_path / "inventory"))


def test_the_example_district_is_clean_and_whole() -> None:
    inventory, problems = check_inventory(REAL, "telkomsel")
    assert problems == []
    assert len(inventory.sites) == 18
    assert [site.get("site_code") for site in inventory.sites] == [
        f"14.07.{number:02}" for number in range(1, 19)
    ]


@pytest.mark.parametrize("case", BREAKS.values(), ids=BREAKS)
def test_refuses(inventory: Path, case: Break) -> None:
    problems = check_inventory(_broken(inventory, case))[1]
    told_in = case.told_in or case.file
    found = [p for p in problems if p.file == told_in and p.key == case.key]
    assert any(case.word in problem.reason + problem.fix for problem in found), _lines(problems)
    assert all(problem.fix for problem in problems)
    assert len(problems) == 1 + case.others, _lines(problems)


def test_offices_without_a_ups_are_named_and_are_no_error(
    inventory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = inventory / KUBU
    path.write_text(path.read_text() + "site_power_ups: {name: kantor, driver: usbhid-ups}\n")
    assert main(["inventory", "check", str(inventory), "--lang", "en"]) == 0
    said = capsys.readouterr().out
    assert "17 sites without a UPS" in said
    assert "kubu," not in said.split("without a UPS")[1], "kubu has one"


def test_tells_all_errors_at_once(inventory: Path) -> None:
    for name in ("duplicate code", "platform", "carrier", "no latitude"):
        _broken(inventory, BREAKS[name])
    keys = {problem.key for problem in check_inventory(inventory)[1]}
    assert keys == {
        "site_code",
        "site_modem.platform",
        "wan_profiles.telkomsel.carrier",
        "site_latitude",
    }


def test_names_the_line(inventory: Path) -> None:
    (problem,) = check_inventory(_broken(inventory, BREAKS["duplicate code"]))[1]
    line = (inventory / BANGKO).read_text().splitlines()[problem.line - 1]
    assert line == 'site_code: "14.07.01"'


def test_never_shows_the_secret(inventory: Path) -> None:
    assert "hunter2" not in _lines(check_inventory(_broken(inventory, BREAKS["password"]))[1])


def test_a_vault_file_in_clear_is_refused(inventory: Path) -> None:
    (inventory / "host_vars/kubu/vault.yml").write_text("vault_modem_password: hunter2\n")
    (problem,) = check_inventory(inventory)[1]
    assert (problem.file, problem.key) == ("host_vars/kubu/vault.yml", "file")
    assert "not encrypted" in problem.reason


def test_an_encrypted_value_and_a_reference_are_fine(inventory: Path) -> None:
    text = (
        'apn_password: "{{ vault_apn_passwords.telkomsel }}"\n'
        "psk: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3132\n"
        "ssh_key_file: ~/.ssh/id\npassword: ''\n"
    )
    (inventory / "group_vars/all/own.yml").write_text(text)
    assert check_inventory(inventory)[1] == []


def test_a_profile_without_sims_is_told_at_each_site_that_lacks_one(inventory: Path) -> None:
    path = inventory / CARRIERS
    extra = "  xlsmart: {carrier: xlsmart, apn: www.xlgprs.net, limits: cellular}\n"
    path.write_text(path.read_text() + extra)
    problems = check_inventory(inventory, "xlsmart")[1]
    assert len(problems) == 18
    assert {problem.key for problem in problems} == {"site_sims"}


def test_an_unknown_profile_is_told_once(inventory: Path) -> None:
    (problem,) = check_inventory(inventory, "telkomsol")[1]
    assert "'telkomsol' is not in wan_profiles" in problem.reason


def test_a_directory_that_is_no_inventory(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"hosts\.yml"):
        check_inventory(tmp_path)


def test_exit_codes(inventory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inventory", "check", str(inventory), "--lang", "en"]) == 0
    assert "18 sites, no errors" in capsys.readouterr().out
    _broken(inventory, BREAKS["duplicate code"])
    assert main(["inventory", "check", str(inventory)]) == 2
    assert "host_vars/bangko/site.yml:2: site_code" in capsys.readouterr().out
    assert main(["inventory", "check", str(inventory), "--json"]) == 2
    assert '"line": 2' in capsys.readouterr().out


@settings(deadline=None)  # a busy machine is no failure
@given(st.from_regex(r"\A[0-9]{18}\Z"), st.integers(0, 18), st.integers(1, 9))
def test_luhn_catches_every_single_mistyped_digit(body: str, place: int, shift: int) -> None:
    number = next(body + digit for digit in "0123456789" if luhn_valid(body + digit))
    typed = str((int(number[place]) + shift) % 10)
    assert not luhn_valid(number[:place] + typed + number[place + 1 :])


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(0, 255), st.integers(20, 28), st.integers(0, 255), st.integers(20, 28))
def test_overlap_is_told_exactly_when_networks_overlap(
    one: int, size: int, other: int, other_size: int
) -> None:
    networks = [
        ipaddress.IPv4Network(f"172.16.{third}.0/{prefix}", strict=False)
        for third, prefix in ((one, size), (other, other_size))
    ]
    sites = tuple(
        Host(name, (Document(Path(), name, "", {"site_lan": str(network)}),))
        for name, network in zip(("kubu", "bangko"), networks, strict=True)
    )
    inventory = Inventory(Path(), (), Host("all", ()), sites, ())
    told = any("overlaps" in problem.reason for problem in network_problems(inventory))
    assert told == networks[0].overlaps(networks[1])


def _broken(root: Path, case: Break) -> Path:
    path = root / case.file
    text = path.read_text()
    assert case.old in text, f"the inventory no longer holds {case.old!r}"
    path.write_text(text.replace(case.old, case.new, 1))
    return root


def _lines(problems: list[Problem]) -> str:
    return "\n".join(map(str, problems))

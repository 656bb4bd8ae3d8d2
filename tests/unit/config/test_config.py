"""The example inventory, as Ansible merges it, becomes a site; each bad value is named."""

from __future__ import annotations

import copy
import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from rekamatan.config import load_site, site_from_variables, site_to_json
from rekamatan.errors import ConfigError
from rekamatan.fleet.inventory import read_inventory

REAL = Path(__file__).parents[3] / "inventory" / "rokan_hilir"
GENERATED = {
    "site_modem_host_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIexample modem of kubu",
    "data_centre_receipt_public_key": "A" * 43 + "=",
}
SOURCE = "inventory host kubu"


@pytest.fixture(scope="module")
def real() -> dict[str, dict[str, Any]]:
    sites = read_inventory(REAL).sites
    return {s.name: s.variables | GENERATED | {"inventory_hostname": s.name} for s in sites}


@pytest.fixture
def variables(real: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return copy.deepcopy(real["kubu"])


def test_resolves_what_the_site_needs(variables: dict[str, Any]) -> None:
    site = site_from_variables(variables, source=SOURCE)
    assert (site.slug, site.code, site.lan) == ("kubu", "14.07.01", "192.168.101.0/24")
    assert site.modem.host == "192.168.101.1"
    assert site.modem.host_key == "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIexample"
    assert sorted(site.profiles) == ["indosat", "telkomsel"]
    telkomsel = site.profiles["telkomsel"]
    assert telkomsel.plmns == ("51010", "51020")
    assert telkomsel.sim.iccid == "8962101407000100212"
    assert telkomsel.limits.rtt_ms == 120.0
    assert site.change_order_required is True
    assert site.data_centre.endpoints[0].port == 443


def test_a_weak_site_has_its_own_limits(real: dict[str, dict[str, Any]]) -> None:
    site = site_from_variables(real["rantau-kopar"], source="inventory host rantau-kopar")
    assert site.profiles["telkomsel"].limits.throughput_floor_kbps == 64.0
    assert site.profiles["indosat"].limits.throughput_floor_kbps == 1000.0


def test_every_site_survives_the_way_through_its_file(
    real: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    for slug, variables in real.items():
        site = site_from_variables(variables, source=slug)
        path = tmp_path / f"{slug}.json"
        path.write_text(site_to_json(site), encoding="utf-8")
        assert load_site(path) == site
        assert site_to_json(load_site(path)) == path.read_text(encoding="utf-8")
    assert len(real) == 18


def test_the_file_holds_no_secret(variables: dict[str, Any]) -> None:
    variables |= {"vault_modem_password": "hunter2", "vault_apn_passwords": {"telkomsel": "pw77"}}
    text = site_to_json(site_from_variables(variables, source=SOURCE))
    assert "hunter2" not in text
    assert "pw77" not in text


BAD_VALUES = [
    ("site_code", None, "site_code", "missing"),
    ("site_name", "", "site_name", "empty"),
    ("site_lan", "192.168.101.5/24", "site_lan", "host bits"),
    ("site_modem_host_key", None, "site_modem_host_key", "rekamatan secrets init"),
    ("data_centre_receipt_public_key", None, "data_centre_receipt_public_key", "secrets init"),
    ("data_centre_receipt_public_key", "c2hvcnQ=", "data_centre_receipt_public_key", "Ed25519"),
    ("site_wan_profile", "xl", "site_wan_profile", "no SIM card"),
    ("rekamatan_change_order_required", "yes", "rekamatan_change_order_required", "yes/no"),
    ("rekamatan_store_and_forward", "maybe", "rekamatan_store_and_forward", "online_only"),
    ("site_sims", {"telkomsel": {"slot": "a", "iccid": 8, "imsi": "5"}}, "iccid", "in quotes"),
    ("site_sims", {"axis": {"slot": "a", "iccid": "8", "imsi": "5"}}, "wan_profiles", "'axis'"),
    ("site_limits", {"telkomsel": "weak"}, "thresholds", "'weak'"),
    ("site_modem", {"platform": "routeros7", "prot": 22}, "site_modem.prot", "unknown key"),
    ("site_modem", {"platform": "routeros7", "port": True}, "site_modem.port", "whole number"),
    ("site_modem", {"platform": "routeros7", "host": "10.0.0.1"}, "modem.host", "not an address"),
    ("data_centre_endpoints", [{"name": "i", "host": "h"}], "endpoints.0.port", "missing"),
    ("data_centre_endpoints", "ingest", "data_centre_endpoints", "not a list"),
]


@pytest.mark.parametrize(("key", "value", "named", "word"), BAD_VALUES)
def test_names_the_bad_value(
    variables: dict[str, Any], key: str, value: object, named: str, word: str
) -> None:
    variables.pop(key, None)
    if value is not None:
        variables[key] = value
    with pytest.raises(ConfigError) as caught:
        site_from_variables(variables, source=SOURCE)
    assert caught.value.subject == SOURCE
    assert named in caught.value.action
    assert word in str(caught.value)
    assert caught.value.hint


def test_without_a_hub_there_is_no_tunnel(variables: dict[str, Any]) -> None:
    del variables["data_centre_vpn"]
    assert site_from_variables(variables, source=SOURCE).tunnel_interface == ""


def test_silence_about_change_orders_means_that_they_are_required(
    variables: dict[str, Any],
) -> None:
    del variables["rekamatan_change_order_required"]
    assert site_from_variables(variables, source=SOURCE).change_order_required is True


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"scripts/pasang"):
        load_site(tmp_path / "site.json")


def test_a_file_cut_short_is_named(variables: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "site.json"
    path.write_text(site_to_json(site_from_variables(variables, source=SOURCE))[:-40])
    with pytest.raises(ConfigError, match="not JSON") as caught:
        load_site(path)
    assert caught.value.subject == str(path)


def test_a_tampered_file_is_refused(variables: dict[str, Any], tmp_path: Path) -> None:
    site = site_from_variables(variables, source=SOURCE)
    content = json.loads(site_to_json(site))
    content["initial_profile"] = "xl"
    path = tmp_path / "site.json"
    path.write_text(json.dumps(content))
    with pytest.raises(ConfigError, match="no SIM card"):
        load_site(path)


def test_every_field_of_the_site_is_written(variables: dict[str, Any]) -> None:
    site = site_from_variables(variables, source=SOURCE)
    assert list(json.loads(site_to_json(site))) == [f.name for f in dataclasses.fields(site)]

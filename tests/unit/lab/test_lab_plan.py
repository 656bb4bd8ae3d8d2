"""The plan of the lab from the example district's own inventory."""

from __future__ import annotations

import dataclasses
import importlib.util
import ipaddress
import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from lab import carrier as carrier_files
from lab import inventory
from lab.errors import LabError
from lab.inventory import first_sites
from lab.modem import twin_config, units
from lab.paths import EXAMPLE_INVENTORY
from lab.topology import District, plan
from lab.twins.hilink.config import parse as parse_hilink
from lab.twins.ios.config import parse as parse_ios
from lab.twins.openwrt.config import parse as parse_openwrt
from lab.twins.plain_router.config import parse as parse_routers
from lab.twins.platforms import TWINS
from lab.twins.routeros7.config import VERSION_6
from lab.twins.routeros7.config import load as load_twin
from lab.twins.routeros7.config import parse as parse_twin
from lab.twins.routeros7.editions import edition_of
from lab.twins.vyos.config import parse as parse_vyos

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SLUGS = first_sites(EXAMPLE_INVENTORY, 18)
PARSE: dict[str, Callable[[dict[str, Any]], Any]] = {
    "ios": parse_ios,
    "openwrt": parse_openwrt,
    "routeros6": parse_twin,
    "routeros7": parse_twin,
    "rutos": parse_openwrt,
    "vyos": parse_vyos,
}


def variables() -> dict[str, dict[str, Any]]:
    shared: dict[str, Any] = {}
    for path in sorted((EXAMPLE_INVENTORY / "group_vars" / "all").glob("*.yml")):
        shared |= yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    hosts = {"pusat": shared}
    for slug in SLUGS:
        path = EXAMPLE_INVENTORY / "host_vars" / slug / "site.yml"
        own = yaml.safe_load(path.read_text(encoding="utf-8"))
        hosts[slug] = {**shared, **own, "vault_modem_password": "not-a-real-password"}
    return hosts


@pytest.fixture(scope="module")
def district() -> District:
    return plan(variables(), SLUGS, 2.0)


def test_the_first_sites_in_the_inventorys_own_order() -> None:
    assert first_sites(EXAMPLE_INVENTORY, 2) == ["kubu", "bangko"]
    with pytest.raises(LabError, match="choose 1 to 18"):
        first_sites(EXAMPLE_INVENTORY, 19)


def test_no_two_networks_of_the_lab_overlap(district: District) -> None:
    networks = [site.lan for site in district.sites]
    networks += [ipaddress.ip_network(c.pool.replace("/22", "/16")) for c in district.carriers]
    networks += [ipaddress.ip_network(f"{c.gateway}/24", strict=False) for c in district.carriers]
    networks += [
        ipaddress.ip_network(f"{c.public_address}/30", strict=False) for c in district.carriers
    ]
    names = ("198.18.0.0/30", "198.51.100.10/32", "10.77.0.0/24")
    networks += [ipaddress.ip_network(name) for name in names]
    clashes = [pair for pair in itertools.combinations(networks, 2) if pair[0].overlaps(pair[1])]
    assert clashes == []


def test_both_ends_of_a_carriers_link_are_in_one_network(district: District) -> None:
    for carrier in district.carriers:
        ours = ipaddress.ip_interface(f"{carrier.public_address}/30")
        theirs = ipaddress.ip_interface(f"{carrier.data_centre_side}/30")
        assert ours.network == theirs.network
        assert ours.ip in list(ours.network.hosts())
        assert theirs.ip in list(ours.network.hosts())


def test_every_sim_has_a_link_that_the_lab_can_emulate(district: District) -> None:
    for carrier in district.carriers:
        config = json.loads(carrier_files.relay_config(carrier, district))
        assert len(config["subscribers"]) == len(SLUGS)
        assert set(config["subscribers"].values()) <= set(config["profiles"])
        assert config["default"] in config["profiles"]


def test_a_withdrawn_apn_is_refused_and_nothing_stands_in_for_it(district: District) -> None:
    carrier = district.carrier("indosat")
    offered = carrier_files.ggsn_config(carrier, "198.51.100.10").splitlines()
    withdrawn = carrier_files.ggsn_config(carrier, "198.51.100.10", offered=False).splitlines()
    assert " apn indosatgprs" in offered
    assert " apn indosatgprs" not in withdrawn
    assert not [line for line in offered + withdrawn if "default-apn" in line]


def test_the_modem_twin_accepts_what_it_is_told(district: District) -> None:
    site = district.site("kubu")
    twin = parse_twin(twin_config(site, district))
    assert twin.sims["up"].plmn == "51001"
    assert twin.sims["down"].imsi == site.imsi("telkomsel")
    assert twin.initial.apn == "indosatgprs"
    assert twin.carriers["telkomsel"].local == "10.200.2.11"


def test_the_twin_of_a_modem_with_one_card_accepts_the_same(district: District) -> None:
    site = district.site("kubu")
    twin = parse_hilink(twin_config(site, district))
    assert (twin.listen_port, twin.profile, twin.apn) == (80, "indosat", "indosatgprs")
    assert twin.sim is not None
    assert twin.sim.imsi == site.imsi("indosat")
    assert twin.password == site.variables["vault_modem_password"]


def test_two_routers_of_a_site_are_two_cables_and_two_radios(district: District) -> None:
    one = district.site("bangko")
    sims = {
        name: {**sim, "slot": slot}
        for (name, sim), slot in zip(
            one.variables["site_sims"].items(),
            ("192.168.102.1", "192.168.201.1@eth1"),
            strict=True,
        )
    }
    routers = {"platform": "plain_router", "interface": "eth0"}
    variables = {**one.variables, "site_sims": sims, "site_modem": routers}
    site = dataclasses.replace(one, variables=variables)
    assert one.uplinks == ()
    first, second = site.uplinks
    assert (first.port, first.device, first.server_address) == ("bridge", "eth0", site.address(10))
    assert (second.port, second.device) == ("lan1", "eth1")
    assert second.server_address == "192.168.201.10"
    told = parse_routers(twin_config(site, district))
    assert [(r.address, r.sim.carrier, r.apn) for r in told.routers] == [
        ("192.168.102.1", "indosat", "indosatgprs"),
        ("192.168.201.1", "telkomsel", "internet"),
    ]
    assert "lab.twins.plain_router" in units(site)["rekamatan-twin.service"]


def test_each_platform_is_served_by_its_own_twin(district: District) -> None:
    site = district.site("kubu")
    served = units(site)["rekamatan-twin.service"]
    assert "python3 -m lab.twins.routeros7 --config" in served
    abacus = {**site.variables, "site_modem": {"platform": "abacus"}}
    with pytest.raises(LabError, match=r"abacus.*no twin of it.*routeros7"):
        units(dataclasses.replace(site, variables=abacus))


def test_the_first_six_sites_have_six_platforms_and_the_first_two_differ() -> None:
    told = variables()
    platforms = [told[slug]["site_modem"]["platform"] for slug in SLUGS]
    assert platforms[0] == "routeros7"
    assert platforms[1] != platforms[0]
    assert sorted(platforms[:6]) == ["ios", "openwrt", "routeros6", "routeros7", "rutos", "vyos"]


@pytest.mark.parametrize("slug", SLUGS)
def test_each_site_is_raised_with_the_modem_that_its_inventory_names(
    slug: str, district: District
) -> None:
    site = district.site(slug)
    platform = site.variables["site_modem"]["platform"]
    served = units(site)["rekamatan-twin.service"]
    assert f"-m {TWINS[platform]} --config" in served
    twin = PARSE[platform](twin_config(site, district))
    profiles = site.variables["site_sims"]
    cards = {str(card["slot"]): str(card["imsi"]) for card in profiles.values()}
    assert {slot: card.imsi for slot, card in twin.sims.items()} == cards
    assert twin.initial.sim_slot == str(profiles["indosat"]["slot"])
    assert list(twin.users) == [site.variables["site_modem"].get("username", "rekamatan")]


def test_the_labs_inventory_is_the_districts_own_word_for_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("VAULT_PASSWORD", "CONTROLLER_KEY", "INVENTORY"):
        monkeypatch.setattr(inventory, name, tmp_path / name.lower())
    monkeypatch.setattr(inventory, "LAB", tmp_path)
    inventory.generate(EXAMPLE_INVENTORY, SLUGS[:6])
    for slug in SLUGS[:6]:
        name = f"host_vars/{slug}/site.yml"
        assert (tmp_path / "inventory" / name).read_bytes() == (
            EXAMPLE_INVENTORY / name
        ).read_bytes()


def test_every_twin_is_there_and_can_be_started() -> None:
    for module in TWINS.values():
        assert importlib.util.find_spec(f"{module}.__main__"), module


def test_a_twin_is_of_the_version_it_is_started_as(district: District, tmp_path: Path) -> None:
    told = tmp_path / "twin.json"
    told.write_text(json.dumps(twin_config(district.site("kubu"), district)), encoding="utf-8")
    assert edition_of(load_twin(told, VERSION_6).version).old_style
    assert not edition_of(load_twin(told).version).old_style


def test_unknown_names_are_refused_with_the_known_ones(district: District) -> None:
    with pytest.raises(LabError, match=r"axis.*carriers: indosat, telkomsel"):
        district.carrier("axis")
    with pytest.raises(LabError, match="raised: kubu"):
        district.site("nowhere")

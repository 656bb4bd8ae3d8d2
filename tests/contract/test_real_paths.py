"""Every platform of the example district on a real packet core: the data path follows the driver.

An office as the lab raises it: its own variables, the twin that serves its platform, told what the
lab tells it, two OsmoGGSN, and a server whose only way out is the modem. Needs root.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from lab.carrier import pool
from lab.inventory import first_sites
from lab.modem import twin_config
from lab.paths import EXAMPLE_INVENTORY
from lab.topology import plan
from lab.twins.engine.ssh_server import write_host_key
from lab.twins.platforms import module_of
from rekamatan.fleet import keys
from tests.contract.packet_core import (
    MODEM,
    NEEDS,
    POSSIBLE,
    answers,
    end,
    in_namespace,
    ip,
    namespace,
    start_carrier,
    until,
    wire,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.topology import District, LabSite

pytestmark = [pytest.mark.lab, pytest.mark.skipif(not POSSIBLE, reason=NEEDS)]
ROOT = Path(__file__).parents[2]
PASSWORD = "not-a-real-password"  # noqa: S105 - of the twin alone
SERVER = f"rk-server-{os.getpid()}"
SIX = first_sites(EXAMPLE_INVENTORY, 6)


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def variables() -> dict[str, dict[str, Any]]:
    """Of the first six offices, as the district's files have them; keys of this test's own."""
    shared: dict[str, Any] = {}
    for path in sorted((EXAMPLE_INVENTORY / "group_vars" / "all").glob("*.yml")):
        shared |= read(path) or {}
    shared["data_centre_receipt_public_key"] = base64.b64encode(bytes(32)).decode()
    hosts = {"pusat": shared}
    for slug in SIX:
        own = read(EXAMPLE_INVENTORY / "host_vars" / slug / "site.yml")
        secret = {"vault_modem_password": PASSWORD, "inventory_hostname": slug}
        hosts[slug] = {**shared, **own, **secret}
    return hosts


@dataclass
class Office:
    """A modem, its server, and two carriers."""

    site: LabSite
    district: District
    directory: Path
    stack: ExitStack
    process: subprocess.Popen[bytes] | None = field(default=None)

    def build(self) -> None:
        """Cables, carriers, and what the workshop puts on the modem."""
        namespace(self.stack, MODEM)
        namespace(self.stack, SERVER)
        prefix = self.site.lan.prefixlen
        ip("-n", MODEM, "link", "add", "bridge", "type", "bridge")
        ip("-n", MODEM, "addr", "add", f"{self.site.address(1)}/{prefix}", "dev", "bridge")
        ip("-n", MODEM, "link", "set", "bridge", "up")
        lan = (SERVER, "eth0", f"{self.site.address(10)}/{prefix}")
        wire(lan, (MODEM, "ether1", ""))
        ip("-n", MODEM, "link", "set", "ether1", "master", "bridge")
        ip("-n", SERVER, "route", "add", "default", "via", self.site.address(1))
        forward = "echo 1 > /proc/sys/net/ipv4/ip_forward"
        subprocess.run(in_namespace(MODEM, "sh", "-c", forward), check=True)
        for carrier in self.district.carriers:
            at = carrier.modem_address(self.site.index)
            start_carrier(self.stack, self.directory, carrier, at)
        self._write()

    def _write(self) -> None:
        key = self.directory / "host_key"
        write_host_key(key)
        told = {**twin_config(self.site, self.district), "attach_seconds": 0.3}
        told |= {"flash": str(self.directory / "flash"), "host_key_file": str(key)}
        (self.directory / "flash").mkdir()
        (self.directory / "twin.json").write_text(json.dumps(told), encoding="utf-8")
        public = keys.ssh_public(key.read_text(encoding="ascii"))
        known = {**self.site.variables, "site_modem_host_key": public}
        (self.directory / "site.json").write_text(json.dumps(known), encoding="utf-8")
        (self.directory / "password").write_text(PASSWORD, encoding="utf-8")

    def power_on(self) -> None:
        module = module_of(self.site.variables["site_modem"]["platform"])
        argv = [sys.executable, "-m", module, "--config", str(self.directory / "twin.json")]
        self.process = subprocess.Popen(in_namespace(MODEM, *argv), cwd=ROOT)

    def power_cut(self) -> None:
        """Nothing is said good-bye to; sgsnemu has no power either."""
        if self.process is not None:
            end(self.process)
        left = subprocess.run(
            ["ip", "netns", "pids", MODEM], capture_output=True, text=True, check=True
        ).stdout
        for number in left.split():
            os.kill(int(number), 9)

    def visit(self, *verb: str) -> Any:  # noqa: ANN401 - a JSON document
        """What the server's side does, over the LAN."""
        files = [str(self.directory / name) for name in ("site.json", "password")]
        argv = [sys.executable, "-m", "tests.contract.office_visit", *files, *verb]
        done = subprocess.run(
            in_namespace(SERVER, *argv),
            cwd=ROOT, capture_output=True, text=True, timeout=180, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def only_over(self, slug: str) -> bool:
        """Whether the server reaches what is behind this carrier, and behind no other."""
        found = {c.slug for c in self.district.carriers if answers(SERVER, c.public_address)}
        return found == {slug}


@contextmanager
def powered(hosts: dict[str, dict[str, Any]], slug: str, directory: Path) -> Iterator[Office]:
    """The office with power; its first bearer may still be coming up."""
    district = plan(hosts, SIX, 0.3)
    with ExitStack() as stack:
        built = Office(district.site(slug), district, directory, stack)
        built.build()
        stack.callback(built.power_cut)
        built.power_on()
        yield built


@pytest.fixture(params=SIX)
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    with powered(variables(), request.param, tmp_path) as built:
        yield built


def with_one_card() -> dict[str, dict[str, Any]]:
    """The first office has a HiLink modem instead: one card, two APNs of its carrier."""
    hosts = variables()
    private = {**hosts["pusat"]["wan_profiles"]["telkomsel"], "apn": "ktp.telkomsel"}
    for host in hosts.values():
        host["wan_profiles"] = {**host["wan_profiles"], "ktp": private}
    office = hosts[SIX[0]]
    card = {**office["site_sims"]["telkomsel"], "slot": ""}
    office["site_modem"] = {"platform": "hilink", "username": "admin", "read_username": "admin"}
    office["site_sims"] = {"telkomsel": card, "ktp": card}
    office["site_link_profiles"] = {"telkomsel": "telkomsel_good_4g"}
    office["site_wan_profile"] = "telkomsel"
    return hosts


def test_the_first_six_offices_have_six_platforms() -> None:
    platforms = [
        host["site_modem"]["platform"] for slug, host in variables().items() if slug in SIX
    ]
    assert sorted(platforms) == ["ios", "openwrt", "routeros6", "routeros7", "rutos", "vyos"]


def test_the_data_path_follows_the_driver(office: Office) -> None:
    until(lambda: office.only_over("indosat"), "the first bearer, from the server's side", 60)
    office.visit("base")
    assert office.visit("base") == {"changed": False, "commands": []}
    until(lambda: office.only_over("indosat"), "the bearer after the base configuration", 60)

    office.visit("back", "telkomsel")
    until(lambda: office.only_over("indosat"), "the way back over indosat", 60)

    office.visit("switch", "telkomsel")
    until(lambda: office.only_over("telkomsel"), "the path over telkomsel", 60)
    assert office.visit("confirm") == {"pending": False}
    state = office.visit("state")
    assert (state["profile"], state["apn"]) == ("telkomsel", "internet")

    office.power_cut()
    assert not office.only_over("telkomsel")
    office.power_on()
    until(lambda: office.only_over("telkomsel"), "telkomsel after a power cut", 60)
    assert office.visit("state")["profile"] == "telkomsel"


def test_a_modem_with_one_card_moves_between_two_apns(tmp_path: Path) -> None:
    with powered(with_one_card(), SIX[0], tmp_path) as office:
        telkomsel = office.district.carrier("telkomsel")
        assert telkomsel.apns == ("internet", "ktp.telkomsel")

        def on(number: int) -> bool:
            state = office.visit("state")
            address = ipaddress.ip_address(state["wan_ip"] or "0.0.0.0")  # noqa: S104 - no address
            return address in ipaddress.ip_network(pool(telkomsel, number))

        until(lambda: office.only_over("telkomsel"), "the first bearer, from the server's side", 60)
        assert on(0)
        office.visit("unarmed", "ktp")
        until(lambda: office.only_over("telkomsel") and on(1), "the other APN", 60)
        office.power_cut()
        office.power_on()
        until(lambda: office.only_over("telkomsel"), "a bearer after a power cut", 60)
        assert on(1)

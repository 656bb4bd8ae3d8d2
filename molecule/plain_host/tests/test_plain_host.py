"""Either Debian, as the installer left it, now serves a district: shut, tunnelled, recording."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import testinfra

from rekamatan.records.receipts import ReceiptVerifier
from tests.records.services import Record, TusClient

if TYPE_CHECKING:
    from testinfra.host import Host

MACHINES = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "machines"
HUB = "10.77.0.1"
# What answers on the network after the roles; everything else listens on the machine itself only.
OPEN_AT_THE_OFFICE = {"22", "8443"}
OPEN_AT_THE_CENTRE = {"22", "53", "443"}


@dataclass(frozen=True)
class Pair:
    """A data centre and a recording server of one release."""

    release: str
    suite: str
    server_address: str

    def machine(self, name: str) -> Host:
        inventory = os.environ["MOLECULE_INVENTORY_FILE"]
        address = f"ansible://{name}{self.release}?ansible_inventory={inventory}"
        return testinfra.get_host(f"{address}&sudo=true")


@pytest.fixture(
    scope="module",
    params=[Pair("12", "bookworm", "10.216.249.112"), Pair("13", "trixie", "10.216.249.113")],
    ids=["debian12", "debian13"],
)
def pair(request: pytest.FixtureRequest) -> Pair:
    found: Pair = request.param
    return found


def test_it_is_the_release_it_says(pair: Pair) -> None:
    for name in ("kubu", "pusat"):
        assert pair.machine(name).system_info.release.split(".")[0] == pair.release


def test_no_unit_failed(pair: Pair) -> None:
    for name in ("kubu", "pusat"):
        assert pair.machine(name).check_output("systemctl --failed --no-legend --plain") == ""


@pytest.mark.parametrize(
    ("name", "units"),
    [
        ("kubu", ["ssh", "nftables", "chrony", "wg-quick@wg0", "rekamatan-intake"]),
        ("kubu", ["rekamatan-forwarder", "apt-daily-upgrade.timer"]),
        ("pusat", ["ssh", "nftables", "chrony", "wg-quick@wg0", "postgresql", "dnsmasq"]),
        ("pusat", ["rekamatan-ingest", "apt-daily-upgrade.timer"]),
    ],
)
def test_services_start_by_themselves(pair: Pair, name: str, units: list[str]) -> None:
    host = pair.machine(name)
    for unit in units:
        assert host.service(unit).is_enabled, unit
        if unit != "nftables":  # loads its rules at boot; the role itself loaded these
            assert host.service(unit).is_running, unit


@pytest.mark.parametrize(
    ("name", "wanted"), [("kubu", OPEN_AT_THE_OFFICE), ("pusat", OPEN_AT_THE_CENTRE)]
)
def test_nothing_else_listens_on_the_network(pair: Pair, name: str, wanted: set[str]) -> None:
    lines = pair.machine(name).check_output("ss -Hltn").splitlines()
    local = [line.split()[3] for line in lines]
    found = {one.rsplit(":", 1)[1] for one in local if not one.startswith(("127.", "[::1]"))}
    assert found == wanted


def test_everything_not_named_is_dropped(pair: Pair) -> None:
    rules = pair.machine("kubu").check_output("nft list chain inet rekamatan input")
    assert "policy drop" in rules
    assert "10.216.249.0/24 tcp dport 22 accept" in rules


def test_a_burst_of_failed_logins_does_not_ban_the_controller(pair: Pair) -> None:
    settings = pair.machine("kubu").check_output("sshd -T")
    assert "passwordauthentication no" in settings
    # OpenSSH 9.8 brought the penalties; Debian 12 has none to be exempt from.
    exempt = "persourcepenaltyexemptlist 10.77.0.0/24,10.216.249.0/24" in settings
    assert exempt == (pair.suite == "trixie")


def test_office_reaches_the_hub_through_the_tunnel(pair: Pair) -> None:
    host = pair.machine("kubu")
    assert host.run(f"ping -c 3 -W 5 {HUB}").rc == 0
    assert host.check_output("wg show wg0 latest-handshakes").split()[-1] != "0"


def test_desired_state_and_credentials_are_there(pair: Pair) -> None:
    host = pair.machine("kubu")
    assert json.loads(host.file("/etc/rekamatan/site.json").content_string)["slug"].startswith("k")
    variables = json.loads((MACHINES / pair.suite / "variables.json").read_text())
    secret = variables["vault_modem_password"]
    credential = "/etc/rekamatan/credentials/modem-switch.cred"
    stored = host.check_output(f"systemd-creds --name=modem-switch decrypt {credential} -")
    assert json.loads(stored)["password"] == secret
    assert secret not in host.check_output("journalctl --no-pager")
    # After the journal: sudo writes this very command down.
    found = host.run("grep -rlsF -e %s /etc /tmp /var/lib /opt/rekamatan/release", secret)
    assert found.stdout == ""


def test_a_record_is_acknowledged(pair: Pair) -> None:
    tls = MACHINES / pair.suite / "tls"
    name = f"ws1.kubu{pair.release}"
    client = TusClient(
        *(8443, tls / "ca.crt", tls / f"{name}.crt", tls / f"{name}.key"), host=pair.server_address
    )
    record = Record.of_size(300_000)
    assert client.upload(record).status == 204
    public_key = (MACHINES / pair.suite / "receipt.pub").read_text()
    signed = client.wait_for_receipt(record, 60)
    ReceiptVerifier(public_key, f"kubu{pair.release}").check(
        signed, record_id=record.record_id, sha256=record.sha256, size=len(record.payload)
    )

"""A workstation's record is acknowledged by the data centre; the services are confined."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import testinfra

from rekamatan.records.receipts import ReceiptVerifier
from tests.records.services import Record, TusClient

if TYPE_CHECKING:
    from testinfra.host import Host

MACHINES = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "machines"
SERVER, DATA_CENTRE = "10.216.250.10", "10.216.250.20"
RECORD_BYTES = 2_000_000
EXPOSURE_LIMIT = 30  # systemd-analyze counts in tenths: 3.0


@pytest.fixture(scope="module")
def machines() -> dict[str, Host]:
    inventory = os.environ["MOLECULE_INVENTORY_FILE"]
    return {
        name: testinfra.get_host(f"ansible://{name}?ansible_inventory={inventory}")
        for name in ("kubu", "pusat")
    }


@pytest.fixture
def workstation() -> TusClient:
    tls = MACHINES / "tls"
    return TusClient(8443, tls / "ca.crt", tls / "ws1.kubu.crt", tls / "ws1.kubu.key", host=SERVER)


@pytest.mark.parametrize(
    ("machine", "unit"),
    [("kubu", "rekamatan-intake"), ("kubu", "rekamatan-forwarder"), ("pusat", "rekamatan-ingest")],
)
def test_service_runs_enabled_unprivileged_and_confined(
    machines: dict[str, Host], machine: str, unit: str
) -> None:
    host = machines[machine]
    assert host.service(unit).is_running
    assert host.service(unit).is_enabled
    pid = host.check_output(f"systemctl show --property=MainPID --value {unit}")
    assert host.check_output(f"ps -o user= -p {pid}").strip() == "rekamatan"
    verdict = host.run(f"systemd-analyze security --threshold={EXPOSURE_LIMIT} {unit}")
    assert verdict.rc == 0, verdict.stdout[-300:]


@pytest.mark.parametrize(
    ("machine", "path", "mode"),
    [
        ("kubu", "/etc/rekamatan/tls/intake.key", 0o640),
        ("kubu", "/etc/rekamatan/tls/forwarder.key", 0o640),
        ("pusat", "/etc/rekamatan/tls/ingest.key", 0o640),
        ("pusat", "/etc/rekamatan/credentials/receipt-signing-key.cred", 0o600),
    ],
)
def test_keys_are_not_for_everyone(
    machines: dict[str, Host], machine: str, path: str, mode: int
) -> None:
    assert machines[machine].file(path).mode == mode


def test_signing_key_is_nowhere_in_clear(machines: dict[str, Host]) -> None:
    key = json.loads((MACHINES / "variables.json").read_text())["vault_receipt_signing_key"]
    found = machines["pusat"].run("grep -rlsF -e %s /etc /var /tmp /root", key)
    assert found.stdout == ""
    assert key not in machines["pusat"].check_output("journalctl --no-pager")


def test_resolver_answers_for_the_data_centre_only(machines: dict[str, Host]) -> None:
    resolve = "python3 -c 'import socket, sys; print(socket.gethostbyname(sys.argv[1]))'"
    host = machines["kubu"]
    assert host.check_output(f"{resolve} ingest.molecule.example") == DATA_CENTRE
    assert host.run(f"{resolve} elsewhere.example").rc != 0


def test_record_of_a_workstation_is_acknowledged_by_the_data_centre(
    machines: dict[str, Host], workstation: TusClient
) -> None:
    record = Record.of_size(RECORD_BYTES)
    assert workstation.upload(record).status == 204
    signed = workstation.wait_for_receipt(record, 30)
    verifier = ReceiptVerifier((MACHINES / "receipt.pub").read_text(), "kubu")
    verifier.check(
        signed, record_id=record.record_id, sha256=record.sha256, size=len(record.payload)
    )
    listed = json.loads(machines["pusat"].check_output("rekamatan records list --json"))
    assert record.record_id in {row["id"] for row in listed}
    counts = json.loads(machines["kubu"].check_output("rekamatan records --json"))
    assert counts["captured"] == counts["acknowledged"] > 0


def test_reconciling_finds_nothing_to_say(machines: dict[str, Host]) -> None:
    for name, role in (("kubu", "site"), ("pusat", "data-centre")):
        outcome = machines[name].check_output(f"rekamatan records reconcile --json --role {role}")
        assert json.loads(outcome) == {"added": 0, "problems": []}

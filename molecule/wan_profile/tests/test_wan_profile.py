"""After the switch: what the site says, what the modem says, and that nothing is left open."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import testinfra

if TYPE_CHECKING:
    from testinfra.host import Host

PROJECT = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"])


@pytest.fixture(scope="module")
def kubu() -> Host:
    inventory = PROJECT / "build/lab/inventory/hosts.yml"
    # The office is reached through the data centre: only Ansible itself resolves that route.
    return testinfra.get_host(f"ansible://kubu?ansible_inventory={inventory}&force_ansible=True")


def rekamatan(host: Host, *arguments: str) -> dict[str, Any]:
    with host.sudo():
        done = host.run(f"rekamatan {' '.join(arguments)} --json")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def outcomes(host: Host) -> list[dict[str, Any]]:
    with host.sudo():
        text = host.check_output("cat /var/lib/rekamatan/wan/outcomes/*.json | sed 's/}{/}\\n{/g'")
    return [json.loads(line) for line in text.splitlines()]


def test_the_new_profile_passed_the_gate_and_is_known_good(kubu: Host) -> None:
    assert rekamatan(kubu, "status")["known_good"]["profile"] == "telkomsel"


def test_the_gate_passes_on_the_new_link_with_a_record(kubu: Host) -> None:
    gate = rekamatan(kubu, "verify")
    assert gate["verdict"] == "pass"
    assert {p["name"]: p["ok"] for p in gate["probes"]}["canary.receipt"] is True


def test_nothing_is_pending(kubu: Host) -> None:
    assert rekamatan(kubu, "wan", "pending")["pending"] is False


def test_exactly_one_switch_changed_the_link(kubu: Host) -> None:
    changed = [outcome for outcome in outcomes(kubu) if outcome["changed"]]
    assert [outcome["target"] for outcome in changed] == ["telkomsel"]
    assert changed[0]["change_order"] == "470/1/MOLECULE"
    assert changed[0]["previous"] == "indosat"


# The password stays in a variable and a pipe: as an argument, sudo itself would log it in clear.
# Ansible templates the text: no brace may stand before a percent or number sign.
SEARCH = """
secret=$(systemd-creds --name={name} decrypt /etc/rekamatan/credentials/{name}.cred - |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["password"])')
printf %s "$secret" | wc -c
printf %s "$secret" >/run/planted-secret
printf '%s\\n' "$secret" | grep -rlF --binary-files=text -f - /etc/rekamatan /var/lib/rekamatan \
  /var/log /opt/rekamatan/release /run/rekamatan-apply /tmp /run/planted-secret
rm /run/planted-secret
"""


@pytest.mark.parametrize("name", ["modem-switch", "modem-read"])
def test_the_modems_passwords_are_nowhere_in_clear(kubu: Host, name: str) -> None:
    with kubu.sudo():
        length, *found = kubu.check_output(SEARCH.format(name=name)).splitlines()
    assert int(length) >= 12
    assert found == ["/run/planted-secret"], "found where it must not be, or not looked for at all"


def test_only_the_switch_can_read_the_credential_that_changes_the_modem(kubu: Host) -> None:
    units = kubu.check_output("grep -l modem-switch: /etc/systemd/system/rekamatan-*.service")
    assert [line.rsplit("/", 1)[-1] for line in units.splitlines()] == [
        "rekamatan-recover.service",
        "rekamatan-wan.service",
    ]

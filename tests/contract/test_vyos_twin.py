"""The VyOS twin itself: believable to a stock client, and failing as the device fails."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.contract.bench import until
from tests.contract.booting import booting
from tests.contract.platforms.vyos import VyosTwin
from tests.contract.test_ios_twin import stock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lab.twins.engine.faults import Faults


@pytest.fixture
def boot(tmp_path: Path, faults: Faults) -> Iterator[Callable[..., VyosTwin]]:
    with booting(partial(VyosTwin, tmp_path, faults)) as start:
        yield start


@pytest.fixture
def vyos(boot: Callable[..., VyosTwin]) -> VyosTwin:
    twin = boot()
    twin.wait_attached()
    return twin


def test_stock_client_reads(boot: Callable[..., VyosTwin]) -> None:
    # the public template knows the table of 1.3 only
    with stock(boot(version="1.3.5"), "vyos") as client:
        assert client.base_prompt == "rekamatan@kubu"
        assert "VyOS 1.3.5" in client.send_command("show version")
        rows = client.send_command("show interfaces", use_textfsm=True)
        assert {row["interface"] for row in rows} == {"eth0", "lo", "wwan0"}
        assert "primary sim path" in client.send_command("show interfaces wwan wwan0 summary")


def test_stock_client_commits_and_saves(vyos: VyosTwin) -> None:
    with stock(vyos, "vyos") as client:
        client.send_config_set(["set system host-name kubu2"])
        client.commit()
        client.exit_config_mode()
        client.set_base_prompt()
        assert "host-name 'kubu2'" in client.send_command("show configuration commands")
        assert vyos.device.saved.value("system host-name") == "kubu"
        client.save_config()
        assert vyos.device.saved.value("system host-name") == "kubu2"


def test_stock_client_sees_a_refused_commit(vyos: VyosTwin) -> None:
    with stock(vyos, "vyos") as client:
        client.send_config_set(["delete interfaces wwan wwan0 apn"])
        with pytest.raises(ValueError, match='No APN configured for "wwan0"'):
            client.commit()
        client.exit_config_mode()
    assert vyos.device.active.value("interfaces wwan wwan0 apn") == "indosatgprs"


def test_stock_client_leaves_with_unsaved_changes(vyos: VyosTwin) -> None:
    with stock(vyos, "vyos") as client:
        client.send_config_set(["set system time-zone Asia/Jakarta"])
        assert "Cannot exit: configuration modified" in client.exit_config_mode()
    assert vyos.device.active.value("system time-zone") is None


def test_stock_client_confirms(vyos: VyosTwin) -> None:
    with stock(vyos, "vyos") as client:
        client.send_config_set(["set system time-zone Asia/Jakarta"])
        client.send_command("commit-confirm 5", expect_string=r"Proceed \?")
        text = client.send_command("y", expect_string=r"#\s*$")
        assert "Initialized commit-confirm; 5 minutes to confirm before reload" in text
        text = client.send_command("commit-confirm 5", expect_string=r"#\s*$")
        assert "Another confirm is pending" in text
        assert "Reload timer stopped" in client.send_command("confirm", expect_string=r"#\s*$")
        assert "No confirm pending" in client.send_command("confirm", expect_string=r"#\s*$")


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("foo bar", "\n  Invalid command: [foo]\n"),
        ("show interfaces wwan wwan3 signal", 'Interface "wwan3" unconfigured!'),
        ("sudo mmcli --modem any --set-primary-sim-slot=7", "error: couldn't request primary SIM"),
        ("sudo systemctl stop wanrb-x.timer", "Unit wanrb-x.timer not loaded"),
    ],
)
def test_errors_are_the_devices_own(vyos: VyosTwin, line: str, answer: str) -> None:
    assert answer in vyos.console(line)


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("set interfaces wwan wwan0 sim-slot 2", "is not valid\n  Set failed"),
        ("delete interfaces wwan wwan0 mtu", "Nothing to delete"),
        ("set interfaces wwan wwan0 apn indosatgprs", "already exists"),
        ("commit", "No configuration changes to commit"),
    ],
)
def test_errors_of_configuration_mode(vyos: VyosTwin, line: str, answer: str) -> None:
    with stock(vyos, "vyos") as client:
        client.config_mode()
        assert answer in client.send_command(line, expect_string=r"#\s*$")


def change(vyos: VyosTwin, minutes: int) -> None:
    with stock(vyos, "vyos") as client:
        client.send_config_set(["set system time-zone Asia/Jakarta"])
        client.send_command(f"commit-confirm {minutes}", expect_string=r"Proceed \?")
        client.send_command("y", expect_string=r"#\s*$")


def zone(vyos: VyosTwin) -> str | None:
    return vyos.device.active.value("system time-zone")


@pytest.mark.parametrize("revert", ["reload", "reboot"])
def test_unconfirmed_commit_is_taken_back(boot: Callable[..., VyosTwin], revert: str) -> None:
    twin = boot(revert=revert)
    change(twin, 5)
    twin.advance(240)
    assert zone(twin) == "Asia/Jakarta"
    twin.advance(61)
    until(lambda: zone(twin) is None, "taken back")
    assert twin.device.boots == (2 if revert == "reboot" else 1)


def test_plain_commit_in_the_window_is_what_a_reload_brings(vyos: VyosTwin) -> None:
    # why the driver never commits the change by itself while a confirm is pending
    change(vyos, 5)
    with stock(vyos, "vyos") as client:
        client.send_config_set(["set system name-server 192.0.2.53"])
        client.commit()
    vyos.advance(301)
    until(lambda: not vyos.device.unconfirmed, "the timer ran")
    assert zone(vyos) == "Asia/Jakarta"


def test_sim_slot_is_the_modems_own(vyos: VyosTwin) -> None:
    vyos.console("sudo mmcli --modem any --set-primary-sim-slot=2")
    vyos.power_cut()
    vyos.boot()
    until(lambda: "slot 2: /org" in vyos.console("mmcli --modem any"), "the modem is back")
    assert "Modem/0" in vyos.console("mmcli --modem any")
    assert vyos.device.slot == "2"


def test_sim_switch_takes_the_modem_away(boot: Callable[..., VyosTwin]) -> None:
    twin = boot(absent_seconds=30.0)
    twin.wait_attached()
    twin.console("sudo mmcli --modem any --set-primary-sim-slot=2")
    assert twin.console("mmcli --modem any") == "error: couldn't find modem"
    assert twin.console("show interfaces wwan wwan0 signal") == "Command not supported by Modem"

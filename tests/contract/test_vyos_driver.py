"""What is VyOS's own: the saved configuration, releases that reboot, a shell with manners."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from rekamatan.errors import ApplyError, ConfigError, DeviceError
from rekamatan.modems.registry import open_driver
from rekamatan.modems.vyos import VyosDriver
from tests.contract.bench import profile, settled, until
from tests.contract.booting import booting_with_driver
from tests.contract.platforms.vyos import BENCH, INDOSAT, PAID, TELKOMSEL, VyosTwin
from tests.contract.suite import LONG_S, switch, switched
from tests.contract.test_ios_twin import PASSWORDS
from tests.contract.test_vyos_twin import change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lab.twins.engine.faults import Faults

SIM = {"iccid": TELKOMSEL.sim.iccid, "imsi": TELKOMSEL.sim.imsi, "plmn": "51010"}


@pytest.fixture
def boot(tmp_path: Path, faults: Faults) -> Iterator[Callable[..., tuple[VyosTwin, VyosDriver]]]:
    with booting_with_driver(partial(VyosTwin, tmp_path, faults), BENCH, VyosDriver) as start:
        yield start


def test_release_that_reboots_to_take_back(
    boot: Callable[..., tuple[VyosTwin, VyosDriver]],
) -> None:
    twin, driver = boot(revert="reboot", version="1.4.0")
    plan = switched(BENCH, twin, driver, 60)
    driver.close()  # the reboot ends every session
    twin.advance(61)
    until(lambda: twin.device.boots == 2, "the reboot")
    twin.advance(10)
    settled(twin, INDOSAT)
    with pytest.raises(DeviceError, match="fired before, or it restarted"):
        driver.confirm("run-1")
    driver.revert(plan)
    assert driver.pending() is None
    assert "wanrb" not in str(twin.device.files)


def test_shell_that_announces_bracketed_paste(
    boot: Callable[..., tuple[VyosTwin, VyosDriver]],
) -> None:
    twin, driver = boot(bracketed_paste=True)
    switched(BENCH, twin, driver)
    driver.confirm("run-1")


def test_arm_is_refused_when_a_reboot_would_bring_something_else(
    boot: Callable[..., tuple[VyosTwin, VyosDriver]],
) -> None:
    twin, driver = boot()
    plan = switch(BENCH, driver)
    twin.device.active.put(["system", "time-zone", "Asia/Jakarta"])
    before = twin.shown()
    with pytest.raises(DeviceError, match="saved configuration is not the running one"):
        driver.arm(plan, LONG_S)
    assert twin.shown() == before


def test_commit_confirm_of_somebody_else_is_not_stacked_on(
    boot: Callable[..., tuple[VyosTwin, VyosDriver]],
) -> None:
    twin, driver = boot()
    change(twin, 30)
    pending = driver.pending()
    assert pending is not None
    assert pending.plan_id == "somebody else"
    plan = switch(BENCH, driver)
    for act in (lambda: driver.arm(plan, LONG_S), lambda: driver.confirm("run-1")):
        with pytest.raises(DeviceError, match="somebody else"):
            act()
    assert twin.device.unconfirmed


def test_change_itself_is_what_is_unconfirmed(
    boot: Callable[..., tuple[VyosTwin, VyosDriver]],
) -> None:
    # a plain commit in the window would become the revision that is reloaded
    twin, driver = boot()
    plan = switch(BENCH, driver)
    driver.arm(plan, LONG_S)
    driver.apply(plan)
    newest = twin.device.revisions[0]
    assert newest.value("interfaces wwan wwan0 apn") == "indosatgprs"
    assert twin.device.saved.value("interfaces wwan wwan0 apn") == "indosatgprs"
    assert twin.device.unconfirmed


def test_confirm_that_was_cut_off_is_finished(
    boot: Callable[..., tuple[VyosTwin, VyosDriver]],
) -> None:
    # killed after `confirm` and before saving: nothing may take the change back any more
    twin, driver = boot()
    switched(BENCH, twin, driver, 60)
    twin.device.confirm()
    assert driver.pending() is None
    twin.advance(61)
    until(lambda: not twin.device.units, "the timer of the slot ran")
    settled(twin, TELKOMSEL)
    driver.confirm("run-1")
    assert twin.device.saved.value("interfaces wwan wwan0 apn") == "internet"
    assert "wanrb" not in str(twin.device.files)


def test_boot_line_does_nothing_once_the_change_was_saved(
    boot: Callable[..., tuple[VyosTwin, VyosDriver]], faults: Faults
) -> None:
    # killed after saving and before the boot script was tidied up
    twin, driver = boot()
    switched(BENCH, twin, driver)
    faults.ignore = ["sudo sed"]
    with pytest.raises(ApplyError, match="still on the modem"):
        driver.confirm("run-1")
    driver.close()
    twin.power_cut()
    twin.boot()
    assert "wanrb-run-1" in str(twin.device.files)
    twin.advance(60)
    until(lambda: not twin.device.boot_hooks_left, "the boot script ended")
    settled(twin, TELKOMSEL)
    faults.ignore = []
    driver.confirm("run-1")
    assert "wanrb" not in str(twin.device.files)


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("^commit", '[ interfaces wwan wwan0 ]\nNo APN configured for "wwan0"!\n\nCommit failed'),
        ("wwan0 apn", "  Value validation failed\n  Set failed"),
    ],
)
def test_refusal_is_told_in_the_devices_own_words(
    boot: Callable[..., tuple[VyosTwin, VyosDriver]], faults: Faults, pattern: str, words: str
) -> None:
    _, driver = boot()
    plan = switch(BENCH, driver)
    faults.answers = {pattern: f"{words}\n[edit]"}
    with pytest.raises(ApplyError, match=r"No APN configured|Value validation failed"):
        driver.apply(plan)


def test_way_back_restores_the_old_password(
    boot: Callable[..., tuple[VyosTwin, VyosDriver]],
) -> None:
    twin, driver = boot()
    driver.apply(driver.render(PAID, driver.read_state(), "run-1"))
    until(lambda: twin.is_on(PAID), "on the paid APN")
    plan = driver.render(TELKOMSEL, driver.read_state(), "run-2")
    assert "geheim" not in repr(plan)
    driver.apply(plan)
    assert twin.device.active.value("interfaces wwan wwan0 authentication password") is None
    driver.revert(plan)
    assert twin.apn_password(PAID) == "geheim$1"


def test_reader_sees_and_cannot_move(boot: Callable[..., tuple[VyosTwin, VyosDriver]]) -> None:
    twin, _ = boot()
    reader = open_driver(BENCH.access(twin), PASSWORDS["rekamatan-read"], {}, read_only=True)
    state = reader.read_state()
    assert state.profile == "indosat"
    plan = reader.render(TELKOMSEL, state, "run-1")
    with pytest.raises(ApplyError, match="Invalid command"):
        reader.apply(plan)
    reader.close()
    assert twin.is_on(INDOSAT)


@pytest.mark.parametrize("apn", ["in ternet", "inter'net", 'inter"net', "inter\\net"])
def test_value_that_the_console_cannot_carry(
    boot: Callable[..., tuple[VyosTwin, VyosDriver]], apn: str
) -> None:
    _, driver = boot()
    with pytest.raises(ConfigError, match="VyOS cannot take"):
        driver.render(profile("telkomsel", apn, SIM, "2"), driver.read_state(), "run-1")

"""Restarting the router: nothing of its configuration changes, nothing of the restart is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rekamatan.errors import ApplyError, NotSupportedError
from rekamatan.modems.base import reset_modem
from tests.contract.twin_case import driver_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lab.twins.harness import RunningTwin
    from rekamatan.modems.routeros import RouterosDriver


@pytest.fixture(params=["6.49.10 (long-term)", "7.24 (stable)"])
def twin(boot: Callable[..., RunningTwin], request: pytest.FixtureRequest) -> RunningTwin:
    started = boot(version=request.param)
    started.wait_attached()
    return started


@pytest.fixture
def driver(twin: RunningTwin) -> Iterator[RouterosDriver]:
    opened = driver_of(twin, patience_s=8.0)
    yield opened
    opened.close()


def whole(twin: RunningTwin) -> str:
    """The configuration with its secrets."""
    return twin.console("/export" if twin.device.edition.old_style else "/export show-sensitive")


def test_restart_changes_nothing_and_leaves_nothing(
    twin: RunningTwin, driver: RouterosDriver
) -> None:
    before = whole(twin)
    booted = twin.device.booted_at
    reset_modem(driver)
    twin.wait_for(lambda: twin.device.booted_at != booted, "it did not restart")
    twin.wait_attached()
    assert whole(twin) == before
    assert twin.console(":put [:len [/system script find]]") == "0"
    assert driver.read_state().profile == "indosat"
    assert "router rebooted" in twin.console("/log print")


def test_restart_saves_what_flash_did_not_hold_yet(boot: Callable[..., RunningTwin]) -> None:
    twin = boot(save_delay_s=60)
    twin.wait_attached()
    twin.console('/system identity set name="bangko"')
    booted = twin.device.booted_at
    twin.console('/system script add name="r" policy=read,write,reboot source="/system reboot"')
    with pytest.raises(Exception):  # noqa: B017, PT011 - the console hangs up
        twin.console("/system script run r")
    twin.wait_for(lambda: twin.device.booted_at != booted, "it did not restart")
    assert twin.console(":put [/system identity get name]") == "bangko"


def test_account_without_the_policy_cannot_restart(
    twin: RunningTwin, driver: RouterosDriver
) -> None:
    booted = twin.device.booted_at
    twin.console('/user group set [find name="full"] policy="ssh,read,write,test,policy"')
    with pytest.raises(ApplyError, match="not enough permissions"):
        reset_modem(driver)
    assert twin.device.booted_at == booted


def test_platform_without_the_verb_says_so() -> None:
    class Plain:
        platform = "plain"

    with pytest.raises(NotSupportedError, match="plain has no such verb"):
        reset_modem(Plain())  # type: ignore[arg-type]

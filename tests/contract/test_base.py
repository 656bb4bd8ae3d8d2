"""Base configuration against the twin: planned, applied once, then nothing more to do."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from rekamatan.errors import (
    ApplyError,
    ConfigError,
    DeviceError,
    DeviceLoginError,
    NotSupportedError,
)
from rekamatan.modems.backups import kept
from rekamatan.modems.base_config import BaseConfig, BaseSecrets
from rekamatan.modems.registry import configure_base, open_driver
from tests.contract.twin_case import INDOSAT, PASSWORD, TELKOMSEL, access, profile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lab.twins.engine.faults import Faults
    from lab.twins.harness import RunningTwin
    from rekamatan.modems.base_config import BaseChange

DESIRED = BaseConfig(
    identity="kubu",
    lan="127.0.0.1/8",
    dhcp_first="127.0.0.150",
    dhcp_last="127.0.0.249",
    profiles=(INDOSAT, TELKOMSEL),
    initial_profile="indosat",
    read_user="rekamatan-reader",
)
SECRETS = BaseSecrets("reader-pw-9Z")


@pytest.fixture(params=["6.49.10 (long-term)", "7.24 (stable)"])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def twin(boot: Callable[..., RunningTwin], version: str) -> RunningTwin:
    started = boot(version=version)
    started.wait_attached()
    return started


def configure(
    twin: RunningTwin, desired: BaseConfig = DESIRED, *, check: bool = False
) -> BaseChange:
    return configure_base(access(twin), PASSWORD, desired, SECRETS, check=check)


def test_applied_once_then_unchanged(twin: RunningTwin) -> None:
    first = configure(twin)
    assert first.changed
    assert first.before != first.after
    second = configure(twin)
    assert (second.changed, second.commands) == (False, ())
    assert second.before == second.after == first.after


def test_check_touches_nothing(twin: RunningTwin) -> None:
    before = twin.console("/export")
    assert "/interface lte apn" in before
    change = configure(twin, check=True)
    assert change.changed
    assert any("rekamatan-reader" in command for command in change.commands)
    assert "reader-pw-9Z" not in repr(change)
    assert twin.console("/export") == before


def test_both_profiles_present_one_active(twin: RunningTwin) -> None:
    configure(twin)
    for name in ("indosat", "telkomsel"):
        assert twin.console(f':put [:len [/interface lte apn find name="{name}"]]') == "1"
    assert twin.console(":put [/interface lte get lte1 apn-profiles]") == "indosat"


def test_active_carrier_is_not_moved(twin: RunningTwin) -> None:
    configure(twin, dataclasses.replace(DESIRED, initial_profile="telkomsel"))
    assert twin.console(":put [/interface lte get lte1 apn-profiles]") == "indosat"


def test_fresh_device_gets_the_initial_profile(
    boot: Callable[..., RunningTwin], version: str
) -> None:
    twin = boot(version=version, initial={"profile": "default", "sim_slot": "up", "apn": "x"})
    configure(twin, dataclasses.replace(DESIRED, initial_profile="telkomsel"))
    twin.wait_attached()
    assert twin.console(":put [/interface lte get lte1 apn-profiles]") == "telkomsel"
    menu = " ".join(twin.device.edition.slot.path)
    assert twin.console(f":put [/{menu} get sim-slot]") == "down"
    assert not configure(twin).changed


def test_read_user_can_log_in_and_only_read(twin: RunningTwin) -> None:
    configure(twin)
    reader = dataclasses.replace(access(twin), read_username="rekamatan-reader")
    driver = open_driver(reader, "reader-pw-9Z", {}, read_only=True)
    assert driver.read_state().profile == "indosat"
    plan = driver.render(TELKOMSEL, driver.read_state(), "run-1")
    with pytest.raises(ApplyError, match="not enough permissions"):
        driver.apply(plan)
    driver.close()


def test_management_is_restricted_to_the_lan(twin: RunningTwin) -> None:
    configure(twin)
    telnet = ':put [:len [/ip service find name="telnet" disabled="yes"]]'
    assert twin.console(telnet) == "1"
    twin.console('/ip service set [find name="ssh"] address=192.0.2.0/24')
    with pytest.raises(DeviceLoginError):
        configure(twin)


def test_drift_is_corrected(twin: RunningTwin) -> None:
    configure(twin)
    twin.console('/interface lte apn set [find name="telkomsel"] apn=wrong')
    twin.console("/ip dns set allow-remote-requests=no")
    change = configure(twin)
    assert len(change.commands) == 2
    assert twin.console(':put [/interface lte apn get [find name="telkomsel"] apn]') == "internet"


def test_value_that_does_not_stick(twin: RunningTwin, faults: Faults) -> None:
    faults.ignore = ["dns set"]
    with pytest.raises(ApplyError, match="accepted but not applied"):
        configure(twin)


def test_apn_password_missing(twin: RunningTwin) -> None:
    paid = profile("paid", "corp", "down", auth="pap", username="u")
    with pytest.raises(ConfigError, match=r"vault_apn_passwords\.paid"):
        configure(twin, dataclasses.replace(DESIRED, profiles=(INDOSAT, paid)))


def test_configuration_is_kept_before_it_is_changed(twin: RunningTwin, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    reached = access(twin)

    def run(*, check: bool) -> BaseChange:
        return configure_base(reached, PASSWORD, DESIRED, SECRETS, check=check, keep_in=folder)

    assert run(check=True).changed
    assert kept(folder) == [], "check mode wrote"
    assert run(check=False).changed
    (backup,) = kept(folder)
    text = backup.read_text(encoding="utf-8")
    assert "rekamatan-reader" not in text, "taken after the change"
    assert "apn=indosatgprs" in text
    assert backup.stat().st_mode & 0o077 == 0
    assert not run(check=False).changed
    assert kept(folder) == [backup], "nothing was changed, and yet one more was kept"


def test_without_a_backup_nothing_is_changed(
    twin: RunningTwin, faults: Faults, tmp_path: Path
) -> None:
    before = twin.console(":put [/system identity get name]")
    faults.answers = {"^/export": "not enough permissions (9)"}
    wanted = dataclasses.replace(DESIRED, identity="other")
    with pytest.raises(DeviceError):
        configure_base(access(twin), PASSWORD, wanted, SECRETS, check=False, keep_in=tmp_path)
    assert twin.console(":put [/system identity get name]") == before


def test_platform_whose_base_is_not_ours(twin: RunningTwin) -> None:
    other = dataclasses.replace(access(twin), platform="abacus")
    with pytest.raises(NotSupportedError, match="no base configuration for abacus"):
        configure_base(other, PASSWORD, DESIRED, SECRETS, check=True)

"""Base configuration of OpenWrt and RutOS: planned, applied once, then nothing more to do."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from lab.twins.engine.faults import Faults
from rekamatan.errors import ApplyError, ConfigError, DeviceError
from rekamatan.modems.base_config import BaseConfig, BaseSecrets
from rekamatan.modems.registry import configure_base
from tests.contract.openwrt_case import (
    INDOSAT,
    KINDS,
    PAID,
    PASSWORD,
    TELKOMSEL,
    access,
    boot_router,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rekamatan.modems.base_config import BaseChange
    from tests.contract.openwrt_case import RunningRouter

DESIRED = BaseConfig(
    identity="kubu-babussalam",
    lan="127.0.0.1/8",
    dhcp_first="127.0.0.150",
    dhcp_last="127.0.0.249",
    profiles=(INDOSAT, TELKOMSEL),
    initial_profile="indosat",
    read_user="root",
)


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture(params=KINDS)
def twin(tmp_path: Path, faults: Faults, request: pytest.FixtureRequest) -> Iterator[RunningRouter]:
    router = boot_router(tmp_path, request.param, faults)
    router.wait_attached()
    yield router
    router.close()


def configure(
    twin: RunningRouter, desired: BaseConfig = DESIRED, *, check: bool = False, **passwords: str
) -> BaseChange:
    secrets = BaseSecrets(PASSWORD, passwords)
    return configure_base(access(twin), PASSWORD, desired, secrets, check=check)


def test_applied_once_then_unchanged(twin: RunningRouter) -> None:
    gaps = twin.gaps
    first = configure(twin)
    assert first.changed
    assert first.before != first.after
    assert twin.device.hostname == "kubu-babussalam"
    assert twin.console("uci get dropbear.@dropbear[0].Interface") == "lan\n"
    second = configure(twin)
    assert (second.changed, second.commands) == (False, ())
    assert second.before == second.after
    assert twin.is_on(INDOSAT)
    assert twin.gaps == gaps, "the carrier in use was interrupted"


def test_check_touches_nothing(twin: RunningRouter) -> None:
    before = twin.shown()
    change = configure(twin, check=True)
    assert change.changed
    assert twin.shown() == before


def test_every_sim_of_rutos_has_its_profile(twin: RunningRouter) -> None:
    if twin.kind != "rutos":
        pytest.skip("one interface")
    configure(twin, dataclasses.replace(DESIRED, profiles=(INDOSAT, PAID)), paid="geheim'$1")
    assert twin.console("uci get network.mob1s2a1.apn") == "vpn.telkomsel\n"
    assert twin.console("uci get network.mob1s2a1.rekamatan_profile") == "paid\n"
    assert twin.apn_password(PAID) == "geheim'$1"
    assert twin.is_on(INDOSAT)


def test_active_carrier_is_not_moved(twin: RunningRouter) -> None:
    configure(twin, dataclasses.replace(DESIRED, initial_profile="telkomsel"))
    assert twin.is_on(INDOSAT)


def test_fresh_device_gets_the_initial_profile(twin: RunningRouter) -> None:
    twin.console(f"uci delete network.{twin.section()}.rekamatan_profile; uci commit; sync")
    configure(twin, dataclasses.replace(DESIRED, initial_profile="telkomsel"))
    twin.wait_attached()
    assert twin.is_on(TELKOMSEL)


def test_drift_is_corrected(twin: RunningRouter) -> None:
    configure(twin)
    twin.console(f"uci set network.{twin.section()}.apn=wrong; uci commit network")
    change = configure(twin)
    assert f"uci set network.{twin.section()}.apn='indosatgprs'" in change.commands
    assert twin.is_on(INDOSAT)


def test_value_that_does_not_stick(twin: RunningRouter, faults: Faults) -> None:
    faults.ignore = ["uci set .*hostname"]
    with pytest.raises(ApplyError, match="accepted but not applied"):
        configure(twin)


def test_foreign_changes_are_left_alone(twin: RunningRouter) -> None:
    twin.console("uci set system.@system[0].zonename=Asia/Jakarta")
    with pytest.raises(DeviceError, match="uncommitted changes"):
        configure(twin)
    assert "zonename" in twin.console("uci changes system")


def test_another_lan_is_refused(twin: RunningRouter) -> None:
    before = twin.shown()
    with pytest.raises(DeviceError, match=r"LAN address is 127\.0\.0\.1, planned is 10\.0\.0\.1"):
        configure(twin, dataclasses.replace(DESIRED, lan="10.0.0.1/24"))
    assert twin.shown() == before


def test_wrong_inputs_are_refused_before_the_device_is_asked(twin: RunningRouter) -> None:
    twin.power_cut()
    with pytest.raises(ConfigError, match=r"vault_apn_passwords\.paid"):
        configure(twin, dataclasses.replace(DESIRED, profiles=(INDOSAT, PAID)))
    with pytest.raises(ConfigError, match="read_username"):
        configure(twin, dataclasses.replace(DESIRED, read_user="rekamatan-read"))
    twin.boot()

"""Base configuration of IOS and VyOS: planned, applied once, saved, then nothing more to do."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from lab.twins.harness import DEFAULTS
from rekamatan.errors import ApplyError, DeviceError
from rekamatan.modems.base_config import BaseConfig, BaseSecrets
from rekamatan.modems.registry import configure_base, open_driver
from tests.contract.bench import Situation, settled, until
from tests.contract.platforms import ios, vyos

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lab.twins.engine.faults import Faults
    from rekamatan.modems.base_config import BaseChange

SECRETS = BaseSecrets("reader-pw-9Z")
PLATFORMS = {"ios": (ios, ios.IosTwin), "vyos": (vyos, vyos.VyosTwin)}
each = pytest.mark.parametrize("platform", sorted(PLATFORMS))


def desired_on(platform: str, **more: object) -> BaseConfig:
    bench = PLATFORMS[platform][0].BENCH
    return dataclasses.replace(
        BaseConfig(
            identity="rokan",
            lan="127.0.0.1/8",
            dhcp_first="127.0.0.150",
            dhcp_last="127.0.0.249",
            profiles=(bench.home, bench.away),
            initial_profile="indosat",
            read_user="rekamatan-reader",
        ),
        **more,  # type: ignore[arg-type]
    )


def configure(platform: str, twin: Any, *, check: bool = False, **more: object) -> BaseChange:  # noqa: ANN401
    module, _ = PLATFORMS[platform]
    access = dataclasses.replace(module.BENCH.access(twin), read_username="rekamatan-reader")
    desired = desired_on(platform, **more)
    return configure_base(access, module.BENCH.password, desired, SECRETS, check=check)


@pytest.fixture
def boot(tmp_path: Path, faults: Faults) -> Iterator[Callable[..., Any]]:
    twins: list[Any] = []

    def start(platform: str, **overrides: object) -> Any:  # noqa: ANN401 - any of the twins
        module, twin_class = PLATFORMS[platform]
        if overrides:
            twins.append(twin_class(tmp_path, faults, **overrides))
        else:
            twins.append(module.BENCH.start(tmp_path, Situation.NORMAL, faults))
        until(lambda: twins[-1].attached or "apn" in str(overrides), "the first bearer")
        return twins[-1]

    yield start
    for twin in twins:
        twin.close()


@each
def test_applied_once_then_unchanged_and_saved(boot: Callable[..., Any], platform: str) -> None:
    twin = boot(platform)
    before = twin.shown()
    planned = configure(platform, twin, check=True)
    assert planned.changed
    assert twin.shown() == before, "check mode touched the device"
    done = configure(platform, twin)
    assert done.commands == planned.commands
    assert "reader-pw-9Z" not in repr(done)
    assert not configure(platform, twin).changed
    twin.power_cut()
    twin.boot()
    assert not configure(platform, twin).changed
    settled(twin, PLATFORMS[platform][0].BENCH.home)


@each
def test_reading_account_can_log_in(boot: Callable[..., Any], platform: str) -> None:
    twin = boot(platform)
    configure(platform, twin)
    module = PLATFORMS[platform][0]
    access = dataclasses.replace(module.BENCH.access(twin), read_username="rekamatan-reader")
    reader = open_driver(access, "reader-pw-9Z", {}, read_only=True)
    assert reader.read_state().profile == "indosat"
    assert reader.pending() is None
    reader.close()


@each
def test_carrier_in_use_gets_its_name_and_is_not_moved(
    boot: Callable[..., Any], platform: str
) -> None:
    module, twin_class = PLATFORMS[platform]
    unnamed = {"profile": "default", "sim_slot": twin_class.slots[0], "apn": "indosatgprs"}
    twin = boot(platform, initial=unnamed)
    gaps = twin.gaps
    configure(platform, twin, initial_profile="telkomsel")
    driver = module.BENCH.driver(twin)
    assert driver.read_state().profile == "indosat"
    assert driver.render(module.BENCH.home, driver.read_state(), "run-1").empty
    driver.close()
    assert twin.gaps == gaps


@each
def test_router_with_another_apn_gets_the_initial_profile(
    boot: Callable[..., Any], platform: str
) -> None:
    module, twin_class = PLATFORMS[platform]
    foreign = {"profile": "default", "sim_slot": twin_class.slots[0], "apn": "somebody.else"}
    twin = boot(platform, initial=foreign)
    configure(platform, twin, initial_profile="telkomsel")
    settled(twin, module.BENCH.away)
    twin.power_cut()
    twin.boot()
    settled(twin, module.BENCH.away)


@each
def test_pending_switch_is_not_saved_away(boot: Callable[..., Any], platform: str) -> None:
    twin = boot(platform)
    bench = PLATFORMS[platform][0].BENCH
    driver = bench.driver(twin)
    driver.arm(driver.render(bench.away, driver.read_state(), "run-1"), 600)
    before = twin.shown()
    with pytest.raises(DeviceError, match="a switch is pending"):
        configure(platform, twin)
    assert twin.shown() == before
    driver.close()


@each
def test_line_that_does_not_stick(boot: Callable[..., Any], platform: str, faults: Faults) -> None:
    twin = boot(platform)
    faults.ignore = ["^hostname", "system host-name"]
    with pytest.raises(ApplyError, match="accepted but not applied"):
        configure(platform, twin)


def test_factory_password_is_not_the_readers() -> None:
    assert SECRETS.read_password not in str(DEFAULTS)

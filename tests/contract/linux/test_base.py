"""Base configuration of a Linux gateway: planned, applied once, then nothing more to do."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from rekamatan.errors import DeviceError
from rekamatan.modems.base_config import BaseConfig, BaseSecrets
from rekamatan.modems.registry import configure_base
from tests.contract.linux_machines import INDOSAT, OTHER, PASSWORD
from tests.contract.platforms.linux import BENCH

if TYPE_CHECKING:
    from rekamatan.modems.base_config import BaseChange
    from tests.contract.linux_twin import LinuxTwin

DROPIN = "/etc/systemd/system/NetworkManager.service.d/rekamatan.conf"
DESIRED = BaseConfig(
    identity="gateway",  # its own: podman mounts /etc/hostname, which cannot be replaced then
    lan="127.0.0.1/8",
    dhcp_first="127.0.0.150",
    dhcp_last="127.0.0.249",
    profiles=(INDOSAT, OTHER),
    initial_profile="indosat",
    read_user="pembaca",
)


def configure(
    gateway: LinuxTwin, desired: BaseConfig = DESIRED, *, check: bool = False
) -> BaseChange:
    secrets = BaseSecrets("reader-pw-9Z", {})
    return configure_base(BENCH.access(gateway), PASSWORD, desired, secrets, check=check)


def daemons_order(gateway: LinuxTwin) -> str:
    return gateway.gateway.inside("systemctl", "show", "--property=After", "NetworkManager")


def test_applied_once_then_unchanged(gateway: LinuxTwin) -> None:
    gateway.gateway.inside("rm", DROPIN)
    gateway.gateway.inside("systemctl", "daemon-reload")
    assert "ModemManager" not in daemons_order(gateway)
    foreseen = configure(gateway, check=True)
    assert foreseen.changed
    assert "ModemManager" not in daemons_order(gateway)
    assert configure(gateway).commands == foreseen.commands
    assert "ModemManager.service" in daemons_order(gateway)
    assert "pembaca" in gateway.gateway.inside("getent", "passwd", "pembaca")
    again = configure(gateway)
    assert (again.changed, again.commands) == (False, ())
    assert gateway.is_on(INDOSAT)
    assert gateway.gaps == 0, "the carrier in use was interrupted"


def test_another_lan_is_refused_untouched(gateway: LinuxTwin) -> None:
    with pytest.raises(DeviceError, match=r"planned is 192\.0\.2\.1"):
        configure(gateway, dataclasses.replace(DESIRED, lan="192.0.2.1/24"))

"""Base configuration of a HiLink modem: its profiles, made once, and the first one in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lab.twins.hilink.running import PASSWORD
from rekamatan.errors import ConfigError
from rekamatan.modems.base_config import BaseConfig, BaseSecrets
from rekamatan.modems.registry import configure_base
from tests.contract.hilink_case import INTERNET, KTP, access, profile

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.twins.hilink.running import RunningHilink
    from rekamatan.models import WanProfile
    from rekamatan.modems.base_config import BaseChange


def base(*profiles: WanProfile, initial: str = "ktp") -> BaseConfig:
    return BaseConfig("kubu", "192.168.8.1/24", "", "", profiles, initial)


def configure(
    twin: RunningHilink, desired: BaseConfig, *, check: bool = False, **secrets: str
) -> BaseChange:
    given = BaseSecrets("", secrets)
    return configure_base(access(twin), PASSWORD, desired, given, check=check)


def test_base_makes_what_is_missing_and_leaves_the_profile_in_use(
    boot: Callable[..., RunningHilink],
) -> None:
    twin = boot(manner={"new_is_default": True})
    desired = base(INTERNET, KTP)
    told = configure(twin, desired, check=True)
    assert [row["Name"] for row in twin.device.profiles] == ["internet"]
    first = configure(twin, desired)
    assert first == told
    assert first.changed
    assert "profile ktp: absent" in first.before
    twin.wait_attached()
    assert twin.active() == ("internet", True)
    assert twin.radio.attempts[-1][1] == "internet"
    second = configure(twin, desired)
    assert (second.changed, second.commands) == (False, ())
    assert second.before == second.after == first.after


def test_base_puts_the_initial_profile_in_use_on_a_fresh_modem(
    boot: Callable[..., RunningHilink],
) -> None:
    twin = boot(initial={"profile": "Telkomsel", "apn": "internet"})
    assert configure(twin, base(INTERNET, KTP)).changed
    twin.wait_attached()
    assert twin.active() == ("ktp", True)


def test_base_does_not_change_the_values_of_the_profile_in_use(twin: RunningHilink) -> None:
    change = configure(twin, base(profile("internet", "other"), initial="internet"))
    assert not change.changed
    assert twin.device.profiles[0]["ApnName"] == "internet"


def test_base_sends_each_profile_its_own_password(twin: RunningHilink) -> None:
    paid = profile("paid", "corp", auth="pap", username="u")
    with pytest.raises(ConfigError, match=r"vault_apn_passwords\.paid"):
        configure(twin, base(INTERNET, paid, initial="internet"))
    other = profile("other", "corp2", auth="chap", username="v")
    desired = base(INTERNET, paid, other, initial="internet")
    change = configure(twin, desired, paid="pw-1", other="pw-2")
    assert "pw-1" not in repr(change)
    found = {row["Name"]: row["Password"] for row in twin.device.profiles}
    assert found == {"internet": "", "paid": "pw-1", "other": "pw-2"}

"""A twin routes and masquerades the LAN's packets as its own configuration says, and only then.

So a driver that lost a rule would cut the office off in the lab as on the device. That the packets
really go that way is shown in `test_real_paths`.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from lab.twins.engine.radio import Forwarding
from lab.twins.platforms import TWINS
from tests.contract.bench import Situation, benches, until

if TYPE_CHECKING:
    from pathlib import Path

    from lab.twins.engine.faults import Faults

    Lines = tuple[str, ...]

# platform -> what takes the masquerade away; what takes the default route away
RULES: dict[str, tuple[Lines, Lines]] = {
    "routeros7": (
        ("/ip firewall nat remove [find chain=srcnat]",),
        ("/interface lte apn set [find name=indosat] add-default-route=no",),
    ),
    "routeros6": (
        ("/ip firewall nat set [find chain=srcnat] disabled=yes",),
        ("/interface lte apn set [find name=indosat] add-default-route=no",),
    ),
    "openwrt": (
        ("uci set firewall.@zone[1].masq=0", "uci commit firewall"),
        ("uci set network.wwan.defaultroute=0", "uci commit network", "ifup wwan"),
    ),
    "rutos": (
        ("uci del_list firewall.@zone[1].network=mob1s1a1", "uci commit firewall"),
        ("uci set network.mob1s1a1.defaultroute=0", "uci commit network", "ifup mob1s1a1"),
    ),
    "ios": (
        ("no ip nat inside source list 10 interface Cellular0/2/0 overload",),
        ("no ip route 0.0.0.0 0.0.0.0 Cellular0/2/0",),
    ),
    "vyos": (
        ("delete nat source rule 100",),
        ("delete interfaces wwan wwan0 address dhcp",),
    ),
}


def tell(platform: str, twin: Any, driver: Any, lines: Lines) -> None:  # noqa: ANN401 - one of six
    """As a person at the console who changes something a switch has no hand in."""
    if platform == "ios":
        driver.console.configure(lines)
    elif platform == "vyos":
        driver.console.commit(lines)
    else:
        assert [twin.console(line) for line in lines] == [""] * len(lines)


def test_every_twin_of_the_lab_is_asked() -> None:
    always = {"hilink", "plain_router"}  # forwarding is all they do; nobody can tell them otherwise
    assert set(RULES) == set(TWINS) - always


@pytest.mark.parametrize("platform", RULES)
def test_what_a_bearer_will_get_is_known_before_there_is_one(
    platform: str, tmp_path: Path, faults: Faults
) -> None:
    twin: Any = benches()[platform].start(tmp_path, Situation.NO_SIM, faults)
    with closing(twin):
        assert not twin.attached
        assert twin.device.forwarding == Forwarding()


@pytest.mark.parametrize("platform", RULES)
@pytest.mark.parametrize("gone", ["masquerade", "default_route"])
def test_a_rule_that_is_gone_forwards_nothing(
    platform: str, gone: str, tmp_path: Path, faults: Faults
) -> None:
    bench = benches()[platform]
    twin: Any = bench.start(tmp_path, Situation.NORMAL, faults)
    driver = bench.driver(twin)
    with closing(twin), closing(driver):
        until(lambda: twin.attached, "the first bearer")
        assert twin.device.forwarding == Forwarding()
        lines = RULES[platform][gone == "default_route"]
        tell(platform, twin, driver, lines)
        until(lambda: twin.attached, "the bearer after the change")
        assert twin.device.forwarding == Forwarding(**{gone: False})

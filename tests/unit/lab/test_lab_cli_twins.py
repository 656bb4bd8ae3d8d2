"""The twins of IOS and VyOS take what the lab writes for a modem's machine."""

from __future__ import annotations

from typing import Any

import pytest

from lab.twins.ios.config import parse as parse_ios
from lab.twins.vyos.config import parse as parse_vyos

# as `lab.modem.twin_config` writes it
TOLD: dict[str, Any] = {
    "identity": "kubu",
    "lan_address": "192.168.101.1",
    "lan_prefix": 24,
    "listen_port": 22,
    "host_key_file": "/etc/rekamatan-twin.key",
    "users": {"rekamatan": {"password": "x", "group": "full"}},
    "flash": "/flash",
    "attach_seconds": 2.0,
    "sims": {"1": {"iccid": "1", "imsi": "2", "carrier": "telkomsel", "plmn": "51010"}},
    "carriers": {
        "telkomsel": {"interface": "gn-telkomsel", "local": "10.0.0.2", "ggsn": "10.0.0.1"}
    },
    "initial": {"profile": "indosat", "sim_slot": "0", "apn": "indosatgprs"},
}


@pytest.mark.parametrize("parse", [parse_ios, parse_vyos])
def test_twin_accepts_what_it_is_told(parse: Any) -> None:  # noqa: ANN401 - two kinds of config
    twin = parse(TOLD)
    assert twin.sims["1"].plmn == "51010"
    assert twin.carriers["telkomsel"].ggsn == "10.0.0.1"
    assert twin.timing.attach_s == 2.0


@pytest.mark.parametrize("parse", [parse_ios, parse_vyos])
def test_unknown_key_is_an_error(parse: Any) -> None:  # noqa: ANN401 - two kinds of config
    with pytest.raises(TypeError, match="abacus"):
        parse({**TOLD, "abacus": 1})

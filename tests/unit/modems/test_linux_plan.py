"""Plans for a Linux gateway: pure, from the text of nmcli to commands."""

from __future__ import annotations

import dataclasses

import pytest

from rekamatan.errors import ConfigError, DeviceError, NotSupportedError
from rekamatan.models import Limits, ModemState, Sim, WanProfile
from rekamatan.modems.apn_passwords import SECRET
from rekamatan.modems.linux_deadman import files_of
from rekamatan.modems.linux_parse import parse_keyfile
from rekamatan.modems.linux_plan import keyfile, render, wanted
from rekamatan.modems.linux_state import bearer_of, parse_settings, selected

LIMITS = Limits(loss_percent=5, rtt_ms=300, jitter_ms=80, throughput_floor_kbps=512, mtu=1400)
SIM = Sim(slot="", iccid="8962010000000000017", imsi="510010000000017")
INDOSAT = WanProfile("indosat", "indosat", "indosatgprs", ("51001",), SIM, LIMITS)
TELKOMSEL = WanProfile("telkomsel", "telkomsel", "internet", ("51010",), SIM, LIMITS)
PAID = dataclasses.replace(TELKOMSEL, name="paid", auth="chap", username="kubu:1")
MODEM = '{"modem":{"generic":{"state":"connected","sim-slots":[],"primary-sim-slot":"--"}}}'
UUID = "6c1f9f6e-8e0b-5c3c-8f0a-7d1c00000001"


def block(name: str, uuid: str, apn: str, *, auto: bool = True, more: str = "") -> str:
    return (
        f"connection.id:{name}\nconnection.uuid:{uuid}\nconnection.type:gsm\n"
        f"connection.autoconnect:{'yes' if auto else 'no'}\ngsm.username:\n"
        f"gsm.password:<hidden>\ngsm.apn:{apn}\ngsm.sim-id:{SIM.iccid}\ngsm.mtu:1400\n{more}"
    )


def reading(
    *blocks: str, active: str = UUID, modem: str = MODEM, slot: str | None = None
) -> ModemState:
    texts = {
        "modem": modem,
        "settings": "\n\n".join(blocks),
        "active": f"{active}:gsm:activated\nx:loopback:activated",
    }
    raw = "".join(f"{text}\n\n### {label} 0\n" for label, text in texts.items())
    return ModemState("linux", sim_slot=slot, raw=raw)


HOME = block("wan-indosat", UUID, "indosatgprs")


def test_nothing_differs() -> None:
    assert render(INDOSAT, reading(HOME), "run-1", subject="modem").empty


def test_switch_writes_the_new_turns_off_the_old_and_connects() -> None:
    plan = render(TELKOMSEL, reading(HOME), "run-1", subject="modem")
    install, off, up = plan.commands
    assert "wan-telkomsel.nmconnection" in install
    assert off.startswith(f"nmcli connection modify uuid {UUID} connection.autoconnect no")
    assert up.startswith("nmcli --wait 0 connection up uuid ")
    assert plan.undo[0] == off.replace(" no ", " yes ")
    assert plan.undo[-1].endswith(UUID)
    assert "connection delete" in plan.undo[1]


def test_password_is_on_standard_input_only() -> None:
    plan = render(PAID, reading(HOME), "run-1", subject="modem")
    heads = [command.partition("\n")[0] for command in plan.commands]
    assert not [head for head in heads if SECRET in head]
    assert f"password={SECRET}" in plan.commands[0].splitlines()


def test_former_apn_comes_back() -> None:
    corrected = dataclasses.replace(INDOSAT, apn="corrected")
    plan = render(corrected, reading(HOME), "run-1", subject="modem")
    assert "apn=corrected" in plan.commands[0]
    assert "apn=indosatgprs" in plan.undo[0]
    assert plan.commands[-1] == plan.undo[-1]


def test_slot_is_in_both_ways_and_in_the_timer() -> None:
    profile = dataclasses.replace(TELKOMSEL, sim=dataclasses.replace(SIM, slot="2"))
    plan = render(profile, reading(HOME, slot="1"), "run-1", subject="modem")
    assert "mmcli -m any --set-primary-sim-slot=2" in plan.commands
    assert "mmcli -m any --set-primary-sim-slot=1" in plan.undo
    assert "--set-primary-sim-slot=1" in files_of(plan, 60)["revert"]
    with pytest.raises(NotSupportedError):
        render(profile, reading(HOME), "run-1", subject="modem")


@pytest.mark.parametrize("apn", ["two\nlines", "back\\slash", " edge"])
def test_apn_that_a_keyfile_cannot_take(apn: str) -> None:
    with pytest.raises(ConfigError, match="apn"):
        render(dataclasses.replace(TELKOMSEL, apn=apn), reading(HOME), "r", subject="modem")


def test_no_modem_is_not_planned_on() -> None:
    with pytest.raises(DeviceError, match="no modem"):
        render(TELKOMSEL, reading(HOME, modem="error: couldn't find modem"), "r", subject="modem")


def test_of_two_that_connect_by_themselves_the_active_one_is_meant() -> None:
    other = block("kantor", "u-2", "corp")
    found = parse_settings(f"{HOME}\n\n{other}")
    assert selected(found, {"u-2": "activated"}) == found[1]
    assert selected(found, {}) is None
    with pytest.raises(DeviceError, match="2 WAN connections"):
        render(TELKOMSEL, reading(HOME, other, active="none"), "r", subject="modem")


def test_keyfile_says_only_what_is_planned() -> None:
    text = parse_keyfile(keyfile(wanted(PAID, None)))
    assert text["gsm"]["username"] == "kubu:1"
    assert "refuse-chap" not in text["ppp"]
    assert text["ppp"]["refuse-pap"] == "true"
    assert "ppp" not in parse_keyfile(keyfile(wanted(INDOSAT, None)))
    # without the usual pauses NetworkManager asks a refusing carrier a dozen times a second
    assert "autoconnect-retries" not in text["connection"]


def test_escaped_colon_of_nmcli() -> None:
    (found,) = parse_settings(HOME.replace("gsm.username:", "gsm.username:kubu\\:1"))
    assert found.username == "kubu:1"


def test_connected_bearer_is_the_one_that_counts() -> None:
    form = '{"bearer":{"properties":{"apn":"APN"},"status":{"connected":"UP"}}}'
    lines = [form.replace("APN", apn).replace("UP", up) for apn, up in (("a", "no"), ("b", "yes"))]
    assert bearer_of("\n".join(lines))["bearer.properties.apn"] == ["b"]

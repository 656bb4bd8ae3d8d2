"""From one uci configuration to any other: every line goes through the twin's uci."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.twins.openwrt import uci_delta
from lab.twins.openwrt.files import Files
from lab.twins.openwrt.streams import Streams
from lab.twins.openwrt.uci_cli import Uci
from lab.twins.openwrt.uci_files import UciError, parse
from rekamatan.errors import NotSupportedError
from rekamatan.modems.known_secrets import REDACTED
from rekamatan.modems.openwrt_parse import redact_export
from rekamatan.modems.uci_edit import Edit
from rekamatan.modems.uci_export import Section, export_text, parse_export
from rekamatan.modems.uci_restore import restore_plan

if TYPE_CHECKING:
    from rekamatan.models import ChangePlan

WAY_OUT = "wwan"
WWAN = Section("interface", WAY_OUT, {"proto": "qmi", "apn": "internet"})
LAN = Section("interface", "lan", {"proto": "static", "ipaddr": "192.168.1.1"})
TUNNEL = Section("interface", "wg0", {"proto": "wireguard", "private_key": REDACTED})

values = st.text("ab '\"\\.#;$", min_size=1, max_size=6)
options = st.dictionaries(
    st.sampled_from(["apn", "dns", "mtu", "ports"]),
    values | st.lists(values, min_size=1, max_size=3).map(tuple),
    max_size=3,
)
nameless = st.builds(Section, st.sampled_from(["route", "interface"]), st.just(""), options)
named = st.builds(
    Section,
    st.sampled_from(["route", "interface"]),
    st.sampled_from(["lan", "guest", "wwan", "cell"]),
    options,
)
configurations = st.lists(nameless | named, max_size=6).filter(
    lambda found: len(names := [s.name for s in found if s.name]) == len(set(names))
)


def files_with(sections: tuple[Section, ...]) -> Files:
    files = Files(lambda: None, lambda _: None)
    files.make_directory("/etc/config")
    files.write("/etc/config/network", export_text("", sections).removeprefix("package \n"))
    return files


def uci(files: Files, *words: str, text: str = "") -> str:
    """What the program prints to either stream."""
    io = Streams()
    program = Uci(files, io)
    program.text = text
    program.run(list(words))
    return "".join((*io.out, *io.err))


def exported(files: Files) -> tuple[Section, ...]:
    return parse_export(uci(files, "export", "network"))


@given(configurations.map(tuple), configurations.map(tuple))
def test_lines_lead_from_any_configuration_to_any_other(
    now: tuple[Section, ...], wanted: tuple[Section, ...]
) -> None:
    files, edit = files_with(now), Edit(now, wanted)
    assert not edit.by_hand
    batch = "".join(f"{line.removeprefix('uci ')}\n" for line in edit.lines)
    printed = uci(files, "batch", text=batch)
    assert all(line.startswith("cfg") for line in printed.splitlines()), printed
    uci(files, "commit", "network")
    assert exported(files) == wanted
    assert edit.lines or now == wanted
    assert not Edit(wanted, wanted).lines


@given(configurations.map(tuple))
def test_export_reads_as_it_was_written(sections: tuple[Section, ...]) -> None:
    assert parse_export(export_text("network", sections)) == sections
    assert exported(files_with(sections)) == sections


def test_export_survives_a_prompt_and_terminal_line_ends() -> None:
    text = "root@OpenWrt:~# uci export network\r\n" + export_text("network", (LAN,))
    assert parse_export(text.replace("\n", "\r\n")) == (LAN,)


def planned(kept: tuple[Section, ...], now: tuple[Section, ...]) -> ChangePlan:
    texts = (export_text("network", sections) for sections in (kept, now))
    return restore_plan(*texts, "telkomsel", "run-1", WAY_OUT, "modem 192.168.1.1")


def changed(section: Section, **options: object) -> Section:
    merged = {k: v for k, v in (section.options | options).items() if v is not None}
    return Section(section.type, section.name, merged)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kept", "now", "named"),
    [
        ((WWAN, TUNNEL), (WWAN,), "network.wg0.private_key: a secret"),
        ((WWAN,), (WWAN, TUNNEL), "network.wg0.private_key: a secret"),
        ((WWAN, TUNNEL), (WWAN, changed(TUNNEL, private_key=None)), "network.wg0.private_key"),
        ((WWAN, changed(TUNNEL, private_key=None)), (WWAN, TUNNEL), "network.wg0.private_key"),
        # a known password that is also part of another value is hidden there too
        ((changed(WWAN, hostname="***gprs"),), (WWAN,), "network.wwan.hostname: a secret"),
        ((WWAN,), (changed(WWAN, hostname="***gprs"),), "network.wwan.hostname: a secret"),
        ((WWAN, changed(LAN, ipaddr=("***", "x"))), (WWAN, LAN), "network.lan.ipaddr: a secret"),
        ((LAN,), (WWAN, LAN), "network.wwan: the office's way out is not in that backup"),
        ((WWAN, changed(LAN, ipaddr="a\nb")), (WWAN, LAN), "several lines"),
    ],
)
def test_what_a_backup_cannot_give_is_named(
    kept: tuple[Section, ...], now: tuple[Section, ...], named: str
) -> None:
    with pytest.raises(NotSupportedError, match="by hand") as caught:
        planned(kept, now)
    assert named in str(caught.value)


def test_key_passes_to_no_other_nameless_section() -> None:
    """Two peers and one: nothing says which of the two it was."""
    first, second, third = (
        Section("wireguard_wg0", "", {"preshared_key": REDACTED, "allowed_ips": address})
        for address in ("10.0.0.1", "10.0.0.2", "10.0.0.3")
    )
    with pytest.raises(NotSupportedError, match=r"wireguard_wg0\[0\]\.preshared_key"):
        planned((WWAN, first, second), (WWAN, third))
    assert (
        planned((WWAN, first, second), (WWAN, second, first)).commands[0].startswith("uci reorder")
    )


def test_key_stays_with_a_section_that_was_renamed() -> None:
    renamed = Section(TUNNEL.type, "wg9", TUNNEL.options)
    plan = planned((WWAN, TUNNEL), (WWAN, renamed))
    assert plan.commands[0] == "uci rename network.wg9='wg0'"
    assert plan.undo[0] == "uci rename network.wg0='wg9'"


def test_carrier_of_now_stays_and_the_rest_of_its_section_goes_back() -> None:
    home = {"rekamatan_profile": "indosat", "apn": "indosatgprs", "metric": "1"}
    away = {"rekamatan_profile": "telkomsel", "apn": "internet", "metric": "2", "username": "k"}
    plan = planned((changed(WWAN, **home),), (changed(WWAN, **away),))
    assert [line for line in plan.commands if line.startswith("uci set")] == [
        "uci set network.wwan.metric='1'"
    ]
    assert plan.commands[-1] == "ifup wwan"


def test_same_carrier_goes_back_with_its_options() -> None:
    home = changed(WWAN, rekamatan_profile="telkomsel")
    plan = planned((home,), (changed(home, apn="wrong.example"),))
    assert plan.commands[0] == "uci set network.wwan.apn='internet'"


def test_interface_in_use_is_never_disabled() -> None:
    assert planned((changed(WWAN, disabled="1"),), (WWAN,)).empty


def test_the_way_out_starts_again_only_where_it_changed() -> None:
    plan = planned((WWAN, LAN), (WWAN, changed(LAN, ipaddr="192.168.1.2")))
    assert "ifup wwan" not in plan.commands
    assert plan.undo[-2:] == ("/etc/init.d/network reload", "ifup wwan")


@pytest.mark.parametrize(
    "option", ["password", "init_password", "pincode", "private_key", "key", "psk", "pin", "secret"]
)
def test_backup_hides_every_kind_of_secret(option: str) -> None:
    text = export_text("network", (changed(LAN, **{option: "geheim 'x'", "after": "1"}),))
    hidden = redact_export(text)
    assert "geheim" not in hidden
    assert parse_export(hidden)[0].options[option] == REDACTED
    assert parse_export(hidden)[0].options["after"] == "1"


def test_twin_refuses_what_the_lines_avoid() -> None:
    """The check above is worth something: uci itself is strict about names."""
    files = files_with((LAN,))
    with pytest.raises(UciError):
        parse("network", "config interface 'bad-name'\n")
    assert "Invalid argument" in uci(files, "set", "network.gone.x=1")
    assert uci_delta.staged(files, "network") == []

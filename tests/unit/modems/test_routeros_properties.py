"""RouterOS parsers against text nobody has captured yet: noise, missing keys, other units."""

from __future__ import annotations

import string

from hypothesis import given
from hypothesis import strategies as st

from lab.twins.routeros7 import menus, printing
from rekamatan.modems import routeros_parse, routeros_tables, routeros_text
from rekamatan.modems.routeros_parse import parse_monitor, parse_print
from rekamatan.modems.routeros_state import state_of
from rekamatan.modems.routeros_values import number, parse_duration
from rekamatan.modems.templates import quoted

FIGURES = {
    "status": "connected",
    "pin-status": "ok",
    "registration-status": "registered",
    "current-operator": "51010",
    "access-technology": "LTE",
    "session-uptime": "1h9m30s",
    "imsi": "510100000000025",
    "iccid": "8962100000000000025",
    "rssi": "-69dBm",
    "rsrp": "-97dBm",
    "rsrq": "-9.5dB",
    "sinr": "17dB",
}
FIELD_OF = {
    "imsi": ("imsi",),
    "iccid": ("iccid",),
    "current-operator": ("operator",),
    "access-technology": ("rat",),
}
NOISE = (
    "17:20:06 echo: system,error,critical login failure for user admin from 65.160.140.13 via ssh",
    "2026-11-24 17:20:06 echo: lte,async lte1: connection lost",
    "nov/24 17:20:06 echo: interface,info lte1 link up",
    "\r\r\r\r[admin@mk] >                  \r[admin@mk] > ",
    "[admin@mk] /interface lte> ",
)
words = st.text(alphabet=string.ascii_letters + string.digits + ".-_/ ", min_size=1).map(str.strip)
values = words.filter(bool)


def record(figures: dict[str, str]) -> str:
    return printing.record(figures)


@st.composite
def noisy(draw: st.DrawFn) -> str:
    """The figures in any order, any line ends, with log lines and prompts in between."""
    names = draw(st.permutations(list(FIGURES)))
    lines = record({name: FIGURES[name] for name in names}).split("\n")
    for noise in draw(st.lists(st.sampled_from(NOISE), max_size=4)):
        lines.insert(draw(st.integers(0, len(lines))), noise)
    return draw(st.sampled_from(["\n", "\r\n"])).join(lines)


@given(noisy())
def test_noise_changes_no_figure(text: str) -> None:
    assert parse_monitor(text) == {name: [value] for name, value in FIGURES.items()}


@given(st.sets(st.sampled_from(sorted(FIGURES))))
def test_a_missing_key_is_none_and_changes_no_other_field(missing: set[str]) -> None:
    kept = {name: value for name, value in FIGURES.items() if name not in missing}
    state = state_of("routeros7", "lte1", {"monitor": record(kept)})
    for name, fields in FIELD_OF.items():
        for field in fields:
            assert getattr(state, field) == (None if name in missing else FIGURES[name])
    assert (state.signal.rsrp_dbm is None) == ("rsrp" in missing)
    assert (state.signal.sinr_db is None) == ("sinr" in missing)
    known = {"status", "registration-status"} - missing
    assert state.registered is (True if known else None)
    assert state.plmn == ("51010" if {"imsi", "current-operator"} - missing else None), (
        "a network was invented"
    )


@given(
    st.floats(-150, 60).map(lambda value: round(value, 1)),
    st.sampled_from(["dBm", " dBm", "dB", " dB", "", "dBm  "]),
)
def test_units_do_not_matter(value: float, unit: str) -> None:
    assert number(f"{value:g}{unit}") == float(f"{value:g}")


@given(st.dictionaries(st.sampled_from(["name", "apn", "user", "comment"]), values, min_size=2))
def test_what_the_device_prints_is_what_is_read(row: dict[str, str]) -> None:
    full = {item.name: item.default for item in menus.APN.properties} | {"name": "x"} | row
    text = printing.detail(menus.APN, [full, full], old_style=False)
    first, second = parse_print(text)
    for name, value in row.items():
        wanted = " ".join(value.split()) if name == "comment" else value
        assert first.values[name] == second.values[name] == wanted


@given(st.integers(0, 10**8))
def test_durations_in_both_spellings(seconds: int) -> None:
    days, rest = divmod(seconds, 86400)
    clock = f"{rest // 3600:02}:{rest % 3600 // 60:02}:{rest % 60:02}"
    weeks, days = divmod(days, 7)
    prefix = (f"{weeks}w" if weeks else "") + (f"{days}d" if days else "")
    assert parse_duration(prefix + clock) == seconds


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126)))
def test_quoted_text_reads_back(text: str) -> None:
    assert routeros_text.unquote(quoted(text)) == text


@given(st.text())
def test_parsers_never_fail(text: str) -> None:
    for parse in (
        routeros_parse.parse_monitors,
        parse_print,
        routeros_parse.parse_ping,
        routeros_tables.parse_columns,
        routeros_text.error_in,
    ):
        parse(text)
    state_of("routeros7", "lte1", dict.fromkeys(("monitor", "address", "route", "slot"), text))

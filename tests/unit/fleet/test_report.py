"""The report tells what the collected files hold, needs nothing else, and names what to do."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rekamatan.cli import main
from rekamatan.errors import ConfigError
from rekamatan.fleet.ledger import SiteState
from rekamatan.fleet.report_data import SiteReport, read_rollout
from rekamatan.fleet.report_files import to_junit, to_table
from rekamatan.fleet.report_map import HEIGHT, WIDTH, draw_map
from rekamatan.fleet.report_page import headline, records_sentence, render_page
from rekamatan.fleet.report_plots import medians
from rekamatan.fleet.report_words import PAGE, STATES, duration, number, period
from tests.unit.fleet.rollout_example import write_example

STATES_SEEN = {
    "sinaboi": "rolled_back", "bangko": "waiting", "pujud": "stranded", "kubu": "unknown",
}  # fmt: skip


@pytest.fixture
def all_good(tmp_path: Path) -> Path:
    return write_example(tmp_path / "good")


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    return write_example(tmp_path / "mixed", STATES_SEEN)


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.targets: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.targets += [v or "" for k, v in attrs if k in {"src", "href", "xlink:href", "srcset"}]


def test_the_page_is_one_file_that_needs_no_network(mixed: Path) -> None:
    page = render_page(read_rollout(mixed), "id")
    links = _Links()
    links.feed(page)
    assert links.targets == []
    assert "script" not in links.tags
    assert not re.search(r"https?://|@import|url\(", page)
    assert links.tags.count("table") >= 1


def test_carriers_heard_at_an_office_stand_in_its_measurements(all_good: Path) -> None:
    file = all_good / "sites" / "kubu.json"
    content = json.loads(file.read_text())
    seen = {"profile": "indosat", "at": "2026-11-20T14:00:00+00:00", "how": "moved", "rat": "LTE"}
    seen |= {"registered": False, "operator": None, "plmn": "51001", "detail": ""}
    figures = {"rsrp_dbm": -117.5, "rsrq_db": None, "sinr_db": 0.0, "rssi_dbm": None}
    assert "RSRP" not in render_page(read_rollout(all_good), "id")
    file.write_text(json.dumps(content | {"survey": {"indosat": seen | {"signal": figures}}}))
    page = render_page(read_rollout(all_good), "id")
    assert "RSRP -117,5 dBm, SINR 0 dB" in page
    assert "51001 LTE kartu tidak diterima" in page
    assert "20 Nov 2026, 21.00" in page
    file.write_text(json.dumps(content | {"survey": {"indosat": {"signal": 3}}}))
    with pytest.raises(ConfigError, match="survey"):
        read_rollout(all_good)


def test_headline_when_all_is_well(all_good: Path) -> None:
    rollout = read_rollout(all_good)
    assert headline(rollout, "en") == "All 18 sites are on Telkomsel and verified."
    captured = sum(site.captured or 0 for site in rollout.sites)
    assert records_sentence(rollout, "en") == (
        f"{captured} records were made meanwhile, all acknowledged by the data centre."
    )


def test_headline_counts_the_open_sites(mixed: Path) -> None:
    assert headline(read_rollout(mixed), "id") == (
        "14 dari 18 kecamatan sudah pindah ke Telkomsel dan terverifikasi; 4 perlu tindakan."
    )


@pytest.mark.parametrize(
    ("change", "word"),
    [({"lost": 2}, "2 of"), ({"acknowledged": 0}, "still wait"), ({}, "all acknowledged")],
)
def test_records_are_never_told_better_than_they_are(
    all_good: Path, change: dict[str, int], word: str
) -> None:
    path = all_good / "workstations.json"
    counts = json.loads(path.read_text())
    counts["kubu"] |= change
    path.write_text(json.dumps(counts))
    assert word in records_sentence(read_rollout(all_good), "en")


def test_every_site_that_is_not_verified_has_a_reason_and_a_next_step(mixed: Path) -> None:
    page = render_page(read_rollout(mixed), "id")
    for slug, state in STATES_SEEN.items():
        words = STATES[SiteState(state)]
        assert words.meaning("id") in page
        assert words.label("id") in page
        if state != "stranded":
            assert f"-l {slug}" in page
    assert "Paket hilang: " in page
    assert "change_order=470/Disdukcapil/2026/118" in page


def test_text_from_outside_is_escaped(mixed: Path) -> None:
    path = mixed / "sites" / "kubu.json"
    content = json.loads(path.read_text())
    content["site"]["name"] = "<script>alert(1)</script>"
    content["outcome"]["reason"] = "<img src=x>"
    path.write_text(json.dumps(content))
    page = render_page(read_rollout(mixed), "id")
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;img" in page


def test_a_command_in_the_report_cannot_be_broken_by_an_order_number(mixed: Path) -> None:
    path = mixed / "rollout.json"
    heading = json.loads(path.read_text())
    heading["change_order"] = "118; rm -rf /"
    path.write_text(json.dumps(heading))
    assert "change_order=&#39;118; rm -rf /&#39;" in render_page(read_rollout(mixed), "id")


def test_both_languages_are_complete(mixed: Path) -> None:
    rollout = read_rollout(mixed)
    english, indonesian = render_page(rollout, "en"), render_page(rollout, "id")
    for phrase in PAGE.values():
        assert phrase.id
        assert phrase.en
    assert "What to do now" in english
    assert "Perlu tindakan" in indonesian
    assert "Perlu tindakan" not in english


def test_labels_of_the_district_do_not_cover_each_other(all_good: Path) -> None:
    marks = draw_map(read_rollout(all_good).sites).marks
    assert len(marks) == 18
    for one, other in combinations(marks, 2):
        assert one.box.overlap(other.box) == 0, (one.site.slug, other.site.slug)
    for mark in marks:
        assert mark.box.outside() == 0, mark.site.slug


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(-11, 6), st.floats(95, 141), st.text("abcdef ", min_size=1, max_size=24)
        ),
        min_size=1,
        max_size=20,
    )
)
def test_any_district_fits_on_the_map(places: list[tuple[float, float, str]]) -> None:
    sites = [
        SiteReport(f"s{n}", f"14.07.{n:02}", name, latitude, longitude, SiteState.VERIFIED)
        for n, (latitude, longitude, name) in enumerate(places)
    ]
    drawn = draw_map(sites)
    assert all(0 <= mark.x <= WIDTH and 0 <= mark.y <= HEIGHT for mark in drawn.marks)
    assert 0 < drawn.scale_width <= WIDTH


def test_junit_tells_failure_error_and_skipped_apart(mixed: Path) -> None:
    suite = ET.fromstring(to_junit(read_rollout(mixed)))  # noqa: S314 - our own text
    counts = {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "18", "failures": "1", "errors": "2", "skipped": "1"}
    kinds = {case.get("name", "").split()[1]: [child.tag for child in case] for case in suite}
    assert kinds["sinaboi"] == ["failure"]
    assert kinds["bangko"] == ["skipped"]
    assert kinds["pujud"] == kinds["kubu"] == ["error"]
    assert kinds["balai-jaya"] == []


def test_table_for_the_terminal(mixed: Path) -> None:
    table = to_table(read_rollout(mixed), "id")
    assert len([line for line in table.splitlines() if "Terverifikasi" in line]) == 14
    assert max(map(len, table.splitlines()[:-1])) <= 110
    assert table.splitlines()[-1].startswith("14 dari 18")


def test_medians_leave_out_sites_without_an_after(mixed: Path) -> None:
    rollout = read_rollout(mixed)
    by_key = {median.key: median for median in medians(rollout.sites, "en")}
    assert set(by_key) == {"loss", "latency", "throughput"}
    assert by_key["throughput"].after_percent == 100.0
    waiting = [site for site in rollout.sites if site.state is SiteState.WAITING]
    assert medians(waiting, "en") == []


def test_the_command_writes_three_files(
    mixed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out"
    arguments = ["report", "--input", str(mixed), "--output", str(output)]
    assert main([*arguments, "--table"]) == 0
    assert "14 dari 18" in capsys.readouterr().out
    assert sorted(path.name for path in output.iterdir()) == [
        "index.html", "report.json", "report.junit.xml",
    ]  # fmt: skip
    content = json.loads((output / "report.json").read_text())
    assert (content["verified"], content["total"], content["lost"]) == (14, 18, 0)
    assert main([*arguments, "--strict"]) == 1


def test_strict_tells_undecided_from_failed(tmp_path: Path) -> None:
    for states, code in (({}, 0), ({"kubu": "unknown"}, 4), ({"kubu": "rolled_back"}, 1)):
        directory = write_example(tmp_path / str(code), states)
        out = str(tmp_path / "out")
        assert main(["report", "--input", str(directory), "--output", out, "--strict"]) == code


@pytest.mark.parametrize(
    ("file", "text", "word"),
    [
        ("rollout.json", "{", "not JSON"),
        ("sites/kubu.json", '{"site": {"slug": "kubu"}, "state": "verified"}', "latitude"),
        ("sites/kubu.json", "[]", "not a mapping"),
    ],
)
def test_bad_input_is_named(all_good: Path, file: str, text: str, word: str) -> None:
    (all_good / file).write_text(text)
    with pytest.raises(ConfigError, match=word) as caught:
        read_rollout(all_good)
    assert Path(file).name in caught.value.subject


def test_nothing_collected(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"rollout\.json"):
        read_rollout(tmp_path)


def test_numbers_and_times_as_each_language_writes_them() -> None:
    assert (number(3452.5, "id", 1), number(3452.5, "en", 1)) == ("3.452,5", "3,452.5")
    assert (duration(8.44, "id"), duration(125, "en"), duration(None, "id")[:1]) == (
        "8,4 dtk", "2 min 5 s", "\N{EN DASH}",
    )  # fmt: skip
    begin, end = "2026-11-24T04:00:00+00:00", "2026-11-24T04:21:40Z"
    assert period(begin, end, "id") == "24 Nov 2026, 11.00\N{EN DASH}11.21 WIB"
    assert period(begin, "", "id").endswith("masih berjalan")
    assert period("yesterday", "", "id") == "yesterday"

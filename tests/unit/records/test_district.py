"""The district's table names every record that has to be explained, and invents none."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

from rekamatan.records.digests import Item, bucket_digests
from rekamatan.records.district import SiteComparison, buckets_to_list, compare_district, strangers

ONE = Item("00000000-aaaa", "0" * 64, 7)
TWO = Item("00000000-bbbb", "1" * 64, 8)
Rows = dict[str, list[Item]]


def site(acknowledged: list[Item], waiting: int = 0, **findings: str) -> dict[str, Any]:
    return {"digests": bucket_digests(acknowledged), "waiting": waiting, "findings": findings}


def centre(rows: Rows, suspects: dict[str, dict[str, str]] | None = None) -> dict[str, Any]:
    digests = {name: bucket_digests(items) for name, items in rows.items()}
    return {"sites": digests, "suspects": suspects or {}}


def table(
    sites: dict[str, Any],
    central: dict[str, Any] | None,
    ours: Rows | None = None,
    theirs: Rows | None = None,
) -> dict[str, SiteComparison]:
    listed = {name: [astuple(i) for i in items] for name, items in (theirs or {}).items()}
    held = {
        name: {"acknowledged": [astuple(i) for i in items], "waiting": []}
        for name, items in (ours or {}).items()
    }
    found = compare_district(sites, central, site_items=held, before=listed, after=listed)
    return {line.site: line for line in found}


def test_sites_that_agree_list_nothing() -> None:
    sites = {"kubu": site([ONE, TWO], waiting=3), "bangko": site([])}
    central = centre({"kubu": [TWO, ONE]})
    assert buckets_to_list(sites, central) == {}
    found = table(sites, central)
    assert [line.state for line in found.values()] == ["agree", "agree"]
    assert found["kubu"].waiting == 3


def test_every_difference_is_named_with_its_id() -> None:
    sites = {"kubu": site([ONE])}
    central = centre({"kubu": [TWO]})
    assert buckets_to_list(sites, central)["kubu"] != []
    line = table(sites, central, {"kubu": [ONE]}, {"kubu": [TWO]})["kubu"]
    assert (line.missing, line.unknown) == ((ONE.record_id,), (TWO.record_id,))
    assert ONE.record_id in line.line()
    assert TWO.record_id in line.line()


def test_a_silent_site_is_waiting_and_a_silent_centre_makes_all_unknown() -> None:
    assert table({"kubu": None}, centre({"kubu": [ONE]}))["kubu"].state == "waiting"
    assert table({"kubu": site([ONE])}, None)["kubu"].state == "unknown"
    assert buckets_to_list({"kubu": site([ONE])}, None) == {}


def test_a_site_that_fell_silent_half_way_is_waiting_and_not_empty() -> None:
    found = table({"kubu": site([ONE])}, centre({"kubu": [TWO]}), {}, {"kubu": [TWO]})
    assert found["kubu"].state == "waiting"


def test_what_either_side_found_out_by_itself_is_named_too() -> None:
    central = centre({"kubu": [ONE]}, {"kubu": {ONE.record_id: "altered"}})
    line = table({"kubu": site([ONE], **{"00000000-cccc": "lost"})}, central)["kubu"]
    assert line.state == "differ"
    assert (line.altered, line.missing) == ((ONE.record_id,), ("00000000-cccc",))


def test_records_in_the_name_of_no_site_are_reported() -> None:
    assert strangers(["kubu"], centre({"kubu": [ONE], "palsu": [TWO]})) == ["palsu"]

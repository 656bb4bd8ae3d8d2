"""Digests find every difference between two ledgers, and none that is only a matter of time."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from rekamatan.records.digests import Item, bucket_digests, bucket_of, compare, differing, within

ITEMS = st.lists(
    st.builds(
        Item,
        st.from_regex(r"[a-z0-9][a-z0-9-]{7,20}", fullmatch=True),
        st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
        st.integers(1, 1 << 30),
    ),
    unique_by=lambda item: item.record_id,
    max_size=30,
)
ONE = Item("00000000-aaaa", "0" * 64, 7)
TWO = Item("00000000-bbbb", "1" * 64, 8)


def same(ours: list[Item], theirs: list[Item]) -> bool:
    return differing(bucket_digests(ours), bucket_digests(theirs)) == []


@given(ITEMS, st.randoms())
def test_order_does_not_matter(items: list[Item], chance: object) -> None:
    shuffled = list(items)
    chance.shuffle(shuffled)  # type: ignore[attr-defined] - hypothesis gives a random.Random
    assert same(items, shuffled)


@given(ITEMS, ITEMS)
def test_lists_of_the_differing_buckets_hold_every_difference(
    ours: list[Item], theirs: list[Item]
) -> None:
    buckets = differing(bucket_digests(ours), bucket_digests(theirs))
    outside_ours = {i for i in ours if bucket_of(i.record_id) not in buckets}
    outside_theirs = {i for i in theirs if bucket_of(i.record_id) not in buckets}
    assert outside_ours == outside_theirs
    assert set(within(ours, buckets)) == set(ours) - outside_ours


def test_every_field_counts() -> None:
    for other in (replace(ONE, size=8), replace(ONE, sha256="2" * 64), replace(ONE, record_id="x")):
        assert not same([ONE], [other])
    assert not same([ONE], [])


def test_missing_altered_and_unknown_are_told_apart() -> None:
    altered = replace(TWO, size=9)
    stranger = Item("00000000-cccc", "3" * 64, 1)
    theirs = [altered, stranger]
    found = compare(acknowledged=[ONE, TWO], known=[ONE, TWO], before=theirs, after=theirs)
    assert found.missing == (ONE.record_id,)
    assert found.altered == (TWO.record_id,)
    assert found.unknown == (stranger.record_id,)
    assert not found.agree


def test_a_record_on_its_way_is_no_difference() -> None:
    """Stored there, its receipt not yet here; or acknowledged after the first list was taken."""
    assert compare(acknowledged=[], known=[ONE], before=[ONE], after=[ONE]).agree
    assert compare(acknowledged=[ONE], known=[ONE], before=[], after=[ONE]).agree
    assert compare(acknowledged=[], known=[], before=[], after=[ONE]).agree


def test_a_waiting_record_with_other_bytes_there_is_altered() -> None:
    other = replace(ONE, sha256="9" * 64)
    found = compare(acknowledged=[], known=[ONE], before=[other], after=[other])
    assert found.altered == (ONE.record_id,)

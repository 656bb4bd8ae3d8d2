"""A record's file name says everything its ledger row says, and nothing else passes for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rekamatan.errors import RecordError
from rekamatan.records.metadata import Offer, parse_metadata
from rekamatan.records.names import RecordName, is_canary, is_owner, is_record_id

SHA256 = "0" * 64
IDS = st.from_regex(r"[a-z0-9][a-z0-9-]{7,63}", fullmatch=True)
HASHES = st.from_regex(r"[0-9a-f]{64}", fullmatch=True)


@given(IDS, HASHES, st.sampled_from(["kubu", "ws1.kubu", "tanah-putih-tanjung-melawan"]))
def test_file_name_reads_back(record_id: str, sha256: str, owner: str) -> None:
    name = RecordName(record_id, sha256, owner)
    assert RecordName.parse(name.file_name) == name


@pytest.mark.parametrize(
    "file_name",
    [
        "notes.txt",
        f"short.{SHA256}.kubu.rec",
        f"00000000.{SHA256[:-1]}.kubu.rec",
        f"00000000.{SHA256}..rec",
        f"00000000.{SHA256}.kubu.rec.bak",
        f"../../etc.{SHA256}.kubu.rec",
    ],
)
def test_other_files_are_no_records(file_name: str) -> None:
    with pytest.raises(RecordError):
        RecordName.parse(file_name)


@pytest.mark.parametrize("text", ["", "short", "UPPER-CASE-ID", "../../../etc/passwd", "a" * 65])
def test_unsafe_ids(text: str) -> None:
    assert not is_record_id(text)


@pytest.mark.parametrize("text", ["", ".", "kubu.", ".kubu", "a.b.c", "../kubu", "Kubu"])
def test_unsafe_owners(text: str) -> None:
    assert not is_owner(text)


def test_canary_by_its_prefix() -> None:
    assert is_canary("canary-00000000")
    assert not is_canary("00000000-canary-")


@given(IDS, HASHES, st.integers(1, 1 << 40))
def test_offer_reads_back_from_its_headers(record_id: str, sha256: str, size: int) -> None:
    offer = Offer(record_id, sha256, size)
    assert Offer.from_headers(str(size), offer.metadata()) == offer


@pytest.mark.parametrize("length", [None, "", "0", "-1", "1.5", "ten", "\u0661"])
def test_offer_needs_a_size(length: str | None) -> None:
    metadata = Offer("00000000", SHA256, 1).metadata()
    with pytest.raises(RecordError, match="Upload-Length"):
        Offer.from_headers(length, metadata)


@given(st.text(max_size=200))
def test_no_header_breaks_the_parser(header: str) -> None:
    try:
        parse_metadata(header)
    except RecordError:
        return

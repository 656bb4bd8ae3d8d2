"""Any change to written evidence is seen; a power cut is not taken for one; secrets stay out."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rekamatan.cli import main
from rekamatan.errors import ConfigError, RefusedError, RekamatanError
from rekamatan.evidence.chain import START, append, verify, verify_bytes
from rekamatan.evidence.parcel import export_chain, import_chain, read_parcel

if TYPE_CHECKING:
    from pathlib import Path


def written(directory: Path, count: int = 4) -> Path:
    path = directory / "evidence" / "chain.jsonl"
    for number in range(count):
        append(path, {"kind": "wan", "number": number, "note": "réel"})
    return path


def test_each_line_follows_the_one_before(tmp_path: Path) -> None:
    path = written(tmp_path)
    head = append(path, {"kind": "verify"})
    found = verify(path)
    assert found.ok
    assert found.head == head
    assert [entry.data.get("number") for entry in found.entries] == [0, 1, 2, 3, None]
    assert json.loads(path.read_text().splitlines()[0])["previous"] == START


@settings(deadline=None)  # a busy machine is no failure
@given(st.data())
def test_every_changed_byte_is_seen(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = written(tmp_path_factory.mktemp("chain"), 3)
    content = bytearray(path.read_bytes())
    kept_head = verify(path).head
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    found = verify_bytes(bytes(content))
    assert found.broken or found.head != kept_head


@pytest.mark.parametrize("lines", [[0, 2, 3], [0, 2, 1, 3], [0, 1, 1, 2, 3], [1, 2, 3]])
def test_removed_exchanged_and_repeated_lines_are_seen(tmp_path: Path, lines: list[int]) -> None:
    whole = written(tmp_path).read_bytes().splitlines(keepends=True)
    assert verify_bytes(b"".join(whole[number] for number in lines)).broken


def test_a_cut_tail_shows_against_a_head_kept_elsewhere(tmp_path: Path) -> None:
    path = written(tmp_path)
    head = verify(path).head
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    found = verify(path)
    assert found.ok
    assert found.head != head


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(1, 90))
def test_a_torn_line_is_no_tampering_and_stays(
    tmp_path_factory: pytest.TempPathFactory, keep: int
) -> None:
    path = written(tmp_path_factory.mktemp("chain"), 3)
    lines = path.read_bytes().splitlines(keepends=True)
    torn = lines[2][:keep]
    path.write_bytes(b"".join(lines[:2]) + torn)
    append(path, {"kind": "after"})
    append(path, {"kind": "again"})
    found = verify(path)
    assert found.ok, found.broken
    assert found.torn == (3,)
    assert torn in path.read_bytes()
    assert [entry.data["kind"] for entry in found.entries][-2:] == ["after", "again"]


def test_an_entry_is_on_the_disk_before_append_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path)
    synced: list[bytes] = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.pread(handle, 10_000, 0)))
    append(path, {"kind": "verify"})
    assert synced == [path.read_bytes()]


def test_rubbish_in_the_middle_is_no_power_cut(tmp_path: Path) -> None:
    path = written(tmp_path, 1)
    path.write_bytes(path.read_bytes() + b"rubbish\n")
    append(path, {"kind": "after"})
    assert verify(path).broken == ("line 2 is not an entry",)


def test_a_long_last_line_is_read_whole(tmp_path: Path) -> None:
    path = written(tmp_path, 1)
    append(path, {"kind": "long", "raw": "x" * 300_000})
    append(path, {"kind": "after"})
    assert verify(path).ok


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"modem": {"password": "hunter2"}}, "modem.password"),
    ({"apn_passwords": {"telkomsel": "pw"}}, "apn_passwords"),
    ({"list": [{"api_key": "abc"}]}, "list.api_key"),
    ({"pin": 1234}, "pin"),
    ({"note": "NIK 1407010101900001"}, "note"),
    ({"nik": 1407010101900001}, "nik"),
    ({"1407010101900001": "recorded"}, "1407010101900001"),
    ({"text": "-----BEGIN OPENSSH PRIVATE KEY-----"}, "text"),
]


@pytest.mark.parametrize(("entry", "key"), REFUSED)
def test_secrets_and_people_are_refused(tmp_path: Path, entry: dict[str, Any], key: str) -> None:
    path = tmp_path / "chain.jsonl"
    with pytest.raises(RefusedError) as caught:
        append(path, entry)
    assert key in caught.value.subject
    assert "hunter2" not in str(caught.value)
    assert not path.exists()


def test_what_only_looks_alike_passes(tmp_path: Path) -> None:
    entry = {
        "iccid": "8962101407000100212",
        "imsi": "510101407000102",
        "sha256": "a1234567890123456b" + "0" * 46,
        "ratio": "0.1234567890123456",
        "public_key": "AAAA",
        "passed": True,
        "password": "",
        "commands": ["set password={{secret}}"],
    }
    append(tmp_path / "chain.jsonl", entry)
    assert verify(tmp_path / "chain.jsonl").entries[0].data == entry


def test_export_and_import(tmp_path: Path) -> None:
    path, parcel, collection = written(tmp_path), tmp_path / "kubu.evidence", tmp_path / "all"
    export_chain(path, "kubu", parcel)
    assert import_chain(parcel, collection).site == "kubu"
    assert (collection / "kubu.jsonl").read_bytes() == path.read_bytes()
    append(path, {"kind": "later"})
    export_chain(path, "kubu", tmp_path / "second")
    assert len(import_chain(tmp_path / "second", collection).verification.entries) == 5
    with pytest.raises(RefusedError, match="already there"):
        export_chain(path, "kubu", parcel)


def test_a_rewritten_history_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "true")
    export_chain(path, "kubu", tmp_path / "first")
    import_chain(tmp_path / "first", tmp_path / "all")
    other = tmp_path / "false" / "chain.jsonl"
    append(other, {"kind": "nothing happened"})
    export_chain(other, "kubu", tmp_path / "second")
    before = (tmp_path / "all" / "kubu.jsonl").read_bytes()
    with pytest.raises(RefusedError, match="rewritten"):
        import_chain(tmp_path / "second", tmp_path / "all")
    assert (tmp_path / "all" / "kubu.jsonl").read_bytes() == before


def test_a_parcel_changed_on_the_way_is_refused(tmp_path: Path) -> None:
    parcel = tmp_path / "parcel"
    export_chain(written(tmp_path), "kubu", parcel)
    content = parcel.read_bytes()
    parcel.write_bytes(content.replace(b'"number": 3', b'"number": 4'))
    with pytest.raises(RekamatanError, match="last line"):
        read_parcel(parcel)
    parcel.write_bytes(content.replace(b'"site": "kubu"', b'"site": "../x"'))
    with pytest.raises(ConfigError, match="site"):
        read_parcel(parcel)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "evidence" / "chain.jsonl"
    assert main(["evidence", "--file", str(path)]) == 4
    written(tmp_path)
    capsys.readouterr()
    assert main(["evidence", "--file", str(path), "--lang", "en"]) == 0
    assert "4 entries" in capsys.readouterr().out
    path.write_bytes(path.read_bytes().replace(b'"number": 1', b'"number": 7'))
    assert main(["evidence", "--file", str(path), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["broken"] == ["line 3 does not follow line 2"]

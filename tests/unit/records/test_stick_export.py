"""A backlog onto a stick: whole, read back, signed, and safe to press twice."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rekamatan.errors import ConfigError, RecordError
from rekamatan.records import stick_copy
from rekamatan.records.stick import StickError
from rekamatan.records.stick_manifest import SiteIdentity
from tests.records.authority import Authority
from tests.unit.records.stick_case import StickCase

if TYPE_CHECKING:
    from rekamatan.records.stick import Progress


@pytest.fixture
def case(tmp_path: Path) -> StickCase:
    return StickCase.make(tmp_path)


def ids(offers: list) -> set[str]:  # type: ignore[type-arg] - offers
    return {offer.record_id for offer in offers}


def test_what_waits_is_on_the_stick_and_named(case: StickCase) -> None:
    offers = case.capture(3)
    report = case.export()
    assert (report.waiting, report.carried, report.copied, report.complete) == (3, 3, 3, True)
    assert {record.id for record in case.manifest().records} == ids(offers) == case.on_stick()
    assert len(list((case.records / "spool").glob("*.rec"))) == 3, "nothing left the server"


def test_pressed_twice_it_copies_nothing(case: StickCase) -> None:
    case.capture(3)
    case.export()
    again = case.export()
    assert (again.carried, again.copied, again.complete) == (3, 0, True)


def test_what_went_by_link_is_not_carried_and_leaves_the_stick(case: StickCase) -> None:
    first, second = case.capture(2)
    case.export()
    case.acknowledge(first)
    report = case.export()
    assert (report.waiting, report.carried, report.cleared) == (1, 1, 1)
    assert case.on_stick() == {second.record_id}


def test_a_receipt_that_is_not_the_data_centres_does_not_stop_the_carrying(
    case: StickCase,
) -> None:
    """A forged receipt file must not make a record look safe."""
    (offer,) = case.capture(1)
    forged = json.loads(case.receipt(offer).to_json()) | {"dc": "elsewhere"}
    (case.records / "receipts" / f"{offer.record_id}.json").write_text(json.dumps(forged))
    assert case.export().carried == 1


def test_pulled_out_midway_and_put_in_again(case: StickCase) -> None:
    """Its path is then an empty directory of the server's disk: nothing may be written there."""
    case.capture(4)
    away = case.root / "pulled"

    def pull(progress: Progress) -> None:
        if progress.done == 2:
            case.stick.rename(away)
            case.stick.mkdir()

    with pytest.raises(StickError) as caught:
        case.export(pull)
    assert (caught.value.code, caught.value.exit_code) == ("gone", 1)
    assert list(case.stick.iterdir()) == []
    case.stick.rmdir()
    away.rename(case.stick)
    report = case.export()
    assert (report.carried, report.copied, report.complete) == (4, 2, True)


def test_unmounted_and_something_else_at_its_path(case: StickCase) -> None:
    case.capture(2)

    def swap(progress: Progress) -> None:
        if progress.done == 1:
            case.stick.rename(case.root / "pulled")
            case.parcel.directory.mkdir(parents=True)

    with pytest.raises(StickError, match="unmounted"):
        case.export(swap)
    assert case.on_stick() == set()


def test_altered_on_the_server_is_named_and_does_not_hold_up_the_others(case: StickCase) -> None:
    offers = case.capture(3)
    victim = next((case.records / "spool").glob(f"{offers[0].record_id}.*"))
    victim.write_bytes(b"x" * 5000)
    report = case.export()
    assert [(p.record_id, p.code) for p in report.problems] == [(offers[0].record_id, "altered")]
    assert (report.carried, report.left, report.complete) == (2, 0, False)
    assert case.on_stick() == ids(offers[1:])


def test_altered_on_the_stick_is_written_anew(case: StickCase) -> None:
    (offer,) = case.capture(1)
    case.export()
    payload = next(case.parcel.directory.rglob("*.rec"))
    payload.write_bytes(b"y" * offer.size)
    report = case.export()
    assert (report.carried, report.copied) == (1, 1)
    assert stick_copy.is_whole(payload, case.manifest().records[0])


def test_stick_that_lies_is_found_out(case: StickCase, monkeypatch: pytest.MonkeyPatch) -> None:
    """A counterfeit stick acknowledges every write and gives back zeros."""
    case.capture(1)
    real = os.fsync

    def forget(descriptor: int) -> None:
        path = str(Path(f"/proc/self/fd/{descriptor}").readlink())
        real(descriptor)
        if path.endswith(".rec.tmp"):
            size = os.fstat(descriptor).st_size
            os.pwrite(descriptor, bytes(size), 0)

    monkeypatch.setattr(os, "fsync", forget)
    with pytest.raises(StickError) as caught:
        case.export()
    assert caught.value.code == "broken"
    assert case.on_stick() == set()


def test_full_stick_keeps_what_fits_and_a_second_takes_the_rest(
    case: StickCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel's own ENOSPC is in test_stick_medium; here the order over two sticks counts."""
    offers = case.capture(4)
    room = {"records": 2}

    class Usage:
        @property
        def free(self) -> int:
            return 2**40 if len(case.on_stick()) < room["records"] else 0

    monkeypatch.setattr("rekamatan.records.stick_export.shutil.disk_usage", lambda _: Usage())
    first = case.export()
    assert (first.full, first.carried, first.left, first.complete) == (True, 2, 2, False)
    assert case.manifest().waiting == 4, "the data centre must know that this is only a part"
    on_first = case.on_stick()
    case.stick.rename(case.root / "first")
    case.stick.mkdir()
    second = case.export()
    assert second.carried == 2
    assert case.on_stick() == ids(offers) - on_first, "the second stick took the other half"


def test_unmounted_stick_is_not_the_servers_disk(case: StickCase) -> None:
    case.capture(1)
    with pytest.raises(StickError) as caught:
        case.export(anywhere=False)
    assert (caught.value.code, caught.value.exit_code) == ("same_disk", 3)
    assert list(case.stick.iterdir()) == []
    shutil.rmtree(case.stick)
    with pytest.raises(StickError) as caught:
        case.export()
    assert caught.value.code == "no_stick"


def test_two_exports_at_once_are_one(case: StickCase) -> None:
    case.capture(1)
    case.export()
    with case.parcel.locked(), pytest.raises(StickError) as caught:
        case.export()
    assert caught.value.code == "busy"


@pytest.mark.parametrize("change", ["records", "site", "waiting", "certificate"])
def test_no_member_of_the_manifest_can_be_changed(case: StickCase, change: str) -> None:
    case.capture(1)
    case.export()
    members = json.loads(case.parcel.manifest.read_text())
    other = Authority(case.root / "other", "Other district").issue(case.site)[0].read_text()
    new = {"records": [], "site": "bangko", "waiting": 9, "certificate": other}
    case.parcel.manifest.write_text(json.dumps(members | {change: new[change]}))
    with pytest.raises(StickError) as caught:
        case.manifest()
    assert (caught.value.code, caught.value.exit_code) == ("forged", 3)


def test_another_districts_authority_cannot_make_a_site(case: StickCase) -> None:
    """A whole, self-consistent manifest of `kubu`, from a CA that is not ours."""
    case.capture(1)
    forger = StickCase.make(case.root / "forger", case.site)
    forger.capture(1)
    forger.export()
    shutil.copytree(forger.parcel.directory, case.parcel.directory)
    with pytest.raises(StickError) as caught:
        case.manifest()
    assert caught.value.code == "forged"


def test_a_workstation_cannot_speak_for_its_site(case: StickCase) -> None:
    """Its certificate is the district CA's as well."""
    case.capture(1)
    certificate, key = case.authority.issue(f"ws1.{case.site}")
    shutil.copy(certificate, case.tls / "forwarder.crt")
    shutil.copy(key, case.tls / "forwarder.key")
    case.export()
    (case.stick / "rekaman" / f"ws1.{case.site}").rename(case.parcel.directory)
    with pytest.raises(StickError, match="certificate is not that of"):
        case.manifest()


def test_another_sites_manifest_in_this_ones_folder(case: StickCase) -> None:
    other = StickCase.make(case.root / "other", "bangko", case.authority)
    other.capture(1)
    other.export()
    shutil.copytree(other.parcel.directory, case.parcel.directory)
    with pytest.raises(StickError, match="it is of bangko"):
        case.manifest()


def test_forged_manifest_is_written_anew_and_the_records_are_kept(case: StickCase) -> None:
    case.capture(2)
    case.export()
    case.parcel.manifest.write_text("{}")
    report = case.export()
    assert (report.carried, report.copied) == (2, 0)
    assert len(case.manifest().records) == 2


def test_dead_servers_records_stay_when_the_new_server_exports(case: StickCase) -> None:
    old = case.capture(2)
    case.export()
    case.records.rename(case.root / "dead")
    new = case.capture(1)
    report = case.export()
    assert (report.waiting, report.carried) == (1, 1)
    assert {record.id for record in case.manifest().records} == ids(old) | ids(new)


def test_dead_disk_without_ledger_and_with_an_unfinished_upload(case: StickCase) -> None:
    case.capture(2)
    for path in case.records.glob("ledger.sqlite*"):
        path.unlink()
    (case.records / "incoming" / "00000000-aaaa.part").write_bytes(b"half")
    announced = {"record_id": "00000000-aaaa", "sha256": "0" * 64, "size": 9, "owner": "ws1.kubu"}
    (case.records / "incoming" / "00000000-aaaa.json").write_text(json.dumps(announced))
    before = sorted(case.records.rglob("*"))
    report = case.export()
    assert (report.carried, report.unfinished) == (2, 1)
    made = set(case.records.rglob("*")) - set(before)
    assert {path.name for path in made} == {"carried.json"}


def test_not_a_record_directory(case: StickCase) -> None:
    with pytest.raises(RecordError, match="no spool here"):
        case.export()


def test_no_identity_no_export(case: StickCase) -> None:
    (case.tls / "forwarder.key").unlink()
    with pytest.raises(ConfigError, match="load the site's key"):
        SiteIdentity(case.tls)

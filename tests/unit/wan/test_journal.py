from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from rekamatan.errors import RefusedError
from rekamatan.models import SwitchState
from rekamatan.wan import journal as journal_module
from rekamatan.wan.disk import DirectoryDisk
from rekamatan.wan.journal import ARCHIVE, ASIDE, JOURNAL, Journal, JournalError, decode
from rekamatan.wan.known_good import KnownGood, keep_known_good
from tests.unit.wan import simulation as sim

if TYPE_CHECKING:
    from pathlib import Path


class Clock:
    def monotonic(self) -> float:
        return 12.5

    def wall(self) -> datetime:
        return datetime(2026, 3, 1, tzinfo=UTC)

    def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)

    def boot_id(self) -> str:
        return "boot-1"


@pytest.fixture
def disk(tmp_path: Path) -> DirectoryDisk:
    return DirectoryDisk(tmp_path / "wan")


def record(disk: DirectoryDisk, *states: SwitchState, run_id: str = "w1") -> None:
    journal = Journal(disk, Clock())
    for state in states:
        journal.record(run_id, state, {"note": "catatan"})


def test_entries_come_back_and_the_newest_open_run_is_known(disk: DirectoryDisk) -> None:
    record(disk, SwitchState.PLANNED, SwitchState.REFUSED, run_id="w1")
    record(disk, SwitchState.PLANNED, SwitchState.ARMED, run_id="w2")
    journal = Journal(disk, Clock())
    assert [entry.state for entry in journal.unfinished()] == ["planned", "armed"]
    assert [entry.seq for entry in journal.of_run("w2")] == [3, 4]
    record(disk, SwitchState.REVERTED, run_id="w2")
    assert Journal(disk, Clock()).unfinished() == ()


@pytest.mark.parametrize("cut", [1, 2, 40, 120])
def test_torn_last_line_is_recognised_and_healed(disk: DirectoryDisk, cut: int) -> None:
    record(disk, SwitchState.PLANNED, SwitchState.ARMED)
    disk.write(JOURNAL, (disk.read(JOURNAL) or b"")[:-cut])
    journal = Journal(disk, Clock())
    assert [entry.state for entry in journal.unfinished()] == ["planned"]
    assert not journal.damaged
    journal.record("w1", SwitchState.REFUSED, {})
    states = [entry.state for entry in Journal(disk, Clock()).last_run()]
    assert states == ["planned", "refused"]


def test_zeros_after_a_power_cut_are_a_torn_end(disk: DirectoryDisk) -> None:
    record(disk, SwitchState.PLANNED)
    disk.append(JOURNAL, bytes(300))
    reading = decode(disk.read(JOURNAL) or b"")
    assert (len(reading.entries), reading.torn, reading.damaged) == (1, True, False)


def test_changed_or_missing_line_before_the_end_is_damage(disk: DirectoryDisk) -> None:
    record(disk, SwitchState.PLANNED, SwitchState.PREFLIGHT, SwitchState.ARMED)
    lines = (disk.read(JOURNAL) or b"").splitlines(keepends=True)
    altered = lines[1].replace(b"catatan", b"Catatan")
    assert decode(lines[0] + altered + lines[2]).damaged
    assert decode(lines[0] + lines[2]).damaged
    assert not decode(b"".join(lines)).damaged


def test_full_disk_raises_and_leaves_a_journal_that_goes_on() -> None:
    world = sim.World()
    journal = Journal(world.disk, world.clock)
    journal.record("w1", SwitchState.PLANNED, {})
    world.disk.full = True
    with pytest.raises(JournalError, match="No space left"):
        journal.record("w1", SwitchState.ARMED, {})
    world.disk.full = False
    journal.record("w1", SwitchState.REFUSED, {})
    states = [entry.state for entry in Journal(world.disk, world.clock).last_run()]
    assert states == ["planned", "refused"]


def test_without_fsync_the_simulated_power_cut_takes_the_entry() -> None:
    world = sim.World()
    Journal(world.disk, world.clock).record("w1", SwitchState.PLANNED, {})
    world.disk.append(JOURNAL, b"not synced\n")
    world.disk.power_cut(torn_bytes=0)
    assert [e.state for e in decode(world.disk.read(JOURNAL) or b"").entries] == ["planned"]
    assert b"not synced" not in (world.disk.read(JOURNAL) or b"")


def test_complete_line_that_cannot_be_read_is_damage_even_at_the_end(disk: DirectoryDisk) -> None:
    """Only a power cut's own traces may be healed: what this line announced may have been done."""
    record(disk, SwitchState.PLANNED, SwitchState.ARMED)
    whole = disk.read(JOURNAL) or b""
    disk.write(JOURNAL, whole.replace(b'"armed"', b'"armec"'))
    reading = decode(disk.read(JOURNAL) or b"")
    assert (reading.torn, reading.damaged, reading.end_lost) == (False, True, True)
    assert "line 2 of journal.jsonl" in reading.damage


def test_missing_entries_are_named(disk: DirectoryDisk) -> None:
    record(disk, SwitchState.PLANNED, SwitchState.PREFLIGHT, SwitchState.ARMED)
    lines = (disk.read(JOURNAL) or b"").splitlines(keepends=True)
    assert decode(lines[0] + lines[2]).damage == "entries 2 to 2 of journal.jsonl are missing"


def _fill(disk: object, clock: object, runs: int) -> Journal:
    journal = Journal(disk, clock)  # type: ignore[arg-type]
    for number in range(runs):
        journal.record(f"w{number}", SwitchState.PLANNED, {"note": "x" * 2000})
        journal.record(f"w{number}", SwitchState.REFUSED, {})
    return journal


def test_rotation_bounds_the_file_and_keeps_the_newest_runs(
    disk: DirectoryDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "MAX_BYTES", 20_000)
    for first in range(0, 60, 4):
        journal = Journal(disk, Clock())
        journal.rotate()
        for number in range(first, first + 4):
            journal.record(f"w{number}", SwitchState.PLANNED, {"note": "x" * 2000})
            journal.record(f"w{number}", SwitchState.REFUSED, {})
        assert len(disk.read(JOURNAL) or b"") < 20_000 + 4 * 2700
    kept = Journal(disk, Clock())
    assert not kept.damaged
    assert [entry.run_id for entry in kept.last_run()] == ["w59", "w59"]
    assert kept.of_run("w58")
    assert not kept.of_run("w1")
    archived = decode(disk.read(ARCHIVE) or b"")
    assert not archived.damaged
    journal = Journal(disk, Clock())
    assert journal.record("w60", SwitchState.PLANNED, {}).seq == 121


def test_open_or_damaged_journal_is_not_rotated(
    disk: DirectoryDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "MAX_BYTES", 1000)
    _fill(disk, Clock(), 3).record("w9", SwitchState.PLANNED, {})
    before = disk.read(JOURNAL)
    Journal(disk, Clock()).rotate()
    assert disk.read(JOURNAL) == before
    record(disk, SwitchState.REFUSED, run_id="w9")
    disk.write(JOURNAL, (disk.read(JOURNAL) or b"").replace(b'"w1"', b'"w7"', 1))
    before = disk.read(JOURNAL)
    Journal(disk, Clock()).rotate()
    assert disk.read(JOURNAL) == before


def test_power_cut_at_every_step_of_a_rotation_loses_no_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(journal_module, "MAX_BYTES", 8000)
    for at in range(1, 12):
        world = sim.World(fault="server", torn_bytes=50)
        journal = _fill(world.disk, world.clock, 5)
        world.fault_at = len(world.points) + at
        try:
            journal.rotate()
        except sim.KilledError:
            pass
        else:
            assert at > 6  # the explorer has been at every step
        found = Journal(world.disk, world.clock)
        assert not found.damaged
        assert [entry.state for entry in found.of_run("w4")] == ["planned", "refused"]


def test_damaged_journal_can_be_set_aside_but_never_while_a_run_is_open(
    disk: DirectoryDisk,
) -> None:
    record(disk, SwitchState.PLANNED, SwitchState.REFUSED, run_id="w1")
    with pytest.raises(RefusedError, match="not damaged"):
        Journal(disk, Clock()).set_aside()
    record(disk, SwitchState.PLANNED, SwitchState.ARMED, run_id="w2")
    damaged = (disk.read(JOURNAL) or b"").replace(b'"refused"', b'"refusee"')
    disk.write(JOURNAL, damaged)
    with pytest.raises(RefusedError, match="still open"):
        Journal(disk, Clock()).set_aside()
    record(disk, SwitchState.REVERTED, run_id="w2")
    damaged = disk.read(JOURNAL) or b""
    assert "line 2" in Journal(disk, Clock()).set_aside()
    assert disk.read(ASIDE) == damaged
    found = Journal(disk, Clock())
    assert not found.damaged
    assert [(entry.run_id, entry.state) for entry in found.last_run()] == [("w2", "reverted")]


def test_known_good_is_readable_for_the_forwarder_and_the_journal_is_not(
    disk: DirectoryDisk, tmp_path: Path
) -> None:
    record(disk, SwitchState.PLANNED)
    keep_known_good(disk, KnownGood("telkomsel", "indosat"))
    modes = {
        name: (tmp_path / "wan" / name).stat().st_mode & 0o777
        for name in ("known-good.json", JOURNAL)
    }
    assert modes["known-good.json"] == 0o644
    assert modes[JOURNAL] & 0o007 == 0

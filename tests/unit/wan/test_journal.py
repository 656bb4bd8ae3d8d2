from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from rekamatan.models import SwitchState
from rekamatan.wan.disk import DirectoryDisk
from rekamatan.wan.journal import JOURNAL, Journal, JournalError, decode
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

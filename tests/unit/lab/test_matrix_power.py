"""A power cut at a held step, on a real disk: what the switch went on from is there after it."""

from __future__ import annotations

import os
import shutil
import time
from typing import TYPE_CHECKING

import pytest

from lab import disks
from lab.disks import Disk
from lab.errors import LabError
from lab.matrix import journal
from lab.matrix.cases import Case
from lab.matrix.hold import JournalWatch
from tests.switching import switch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None:
        pytest.skip("a loop mount needs root and e2fsprogs")
    monkeypatch.setattr(disks, "DISKS", tmp_path / "disks")
    monkeypatch.setattr(disks, "MOUNTS", tmp_path / "mounts")
    found = Disk("server-test", "/var/lib/rekamatan", 32)
    try:
        found.make()
    except LabError as error:
        pytest.skip(str(error))
    yield found
    found.detach()


def cut_power_at(
    disk: Disk, moment: str, state: str, plant: str = "", name: str = "wan"
) -> tuple[str, ...]:
    """States that were gone after a cut at that step."""
    folder = disk.mount / name
    folder.mkdir()
    watch = JournalWatch(folder)
    watch.aim(Case("device", "power-cut-server", moment, state))
    watch.attach()
    with switch(folder, plant=plant) as process:
        assert watch.wait(20) is not None
        process.kill()
    watch.detach()
    disk.thaw(disk.freeze())
    if folder.is_dir():  # the machine boots, and it is followed again
        watch.attach()
        time.sleep(0.5)  # longer than a late fsync is waited for
        watch.detach()
    path = folder / journal.FILE
    found = journal.read(path.read_bytes()) if path.exists() else ()
    return tuple(line.state for line in journal.missing(watch.promised.values(), found))


@pytest.mark.parametrize("moment", ["before", "during", "after"])
def test_nothing_that_was_acted_upon_is_lost(disk: Disk, moment: str) -> None:
    assert cut_power_at(disk, moment, "armed") == ()


def test_a_journal_without_fsync_is_caught(disk: Disk) -> None:
    # Whoever else calls sync(2) on this machine meanwhile saves the journal that once.
    tries = (cut_power_at(disk, "after", "armed", "no-fsync", f"wan{n}") for n in range(3))
    assert next(filter(None, tries), ()) == ("planned", "preflight", "armed")

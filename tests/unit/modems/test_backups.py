"""Kept configurations: newest last, no two alike, the oldest dropped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from rekamatan.errors import ConfigError, DeviceError
from rekamatan.modems.backups import KEPT, keep, kept

if TYPE_CHECKING:
    from pathlib import Path

START = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)


class Device:
    """A driver's two answers that matter here."""

    platform = "routeros7"

    def __init__(self) -> None:
        self.text = "# 2026-11-24 by RouterOS 7.24\n/system identity\nset name=kubu\n"
        self.broken = False

    def backup(self) -> str:
        if self.broken:
            raise DeviceError("modem", "export the configuration", "no answer")
        return self.text


@pytest.fixture
def device() -> Device:
    return Device()


def keep_at(folder: Path, device: Device, hours: int = 0) -> Path:
    return keep(folder, device, START + timedelta(hours=hours))  # type: ignore[arg-type]


def test_name_tells_time_and_platform(tmp_path: Path, device: Device) -> None:
    path = keep_at(tmp_path / "modem", device)
    assert path.name.startswith("20261124T040000Z-routeros7-")
    assert path.read_text(encoding="utf-8") == device.text
    assert path.stat().st_mode & 0o077 == 0


def test_the_same_again_is_not_stored_twice(tmp_path: Path, device: Device) -> None:
    first = keep_at(tmp_path, device)
    device.text = device.text.replace("2026-11-24", "2026-11-25")  # the time of the export
    assert keep_at(tmp_path, device, 1) == first
    device.text = device.text.replace("kubu", "bangko")
    assert keep_at(tmp_path, device, 2) != first
    device.text = device.text.replace("bangko", "kubu")
    assert keep_at(tmp_path, device, 3) != first, "only the newest counts as the same"
    assert len(kept(tmp_path)) == 3


def test_the_oldest_are_dropped_and_nothing_else(tmp_path: Path, device: Device) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    paths = []
    for hours in range(KEPT + 3):
        device.text = f"/system identity\nset name=n{hours}\n"
        paths.append(keep_at(tmp_path, device, hours))
    assert kept(tmp_path) == paths[3:]
    assert (tmp_path / "notes.txt").exists()


def test_device_that_gives_nothing_leaves_what_is_there(tmp_path: Path, device: Device) -> None:
    path = keep_at(tmp_path, device)
    device.broken = True
    with pytest.raises(DeviceError):
        keep_at(tmp_path, device, 1)
    assert kept(tmp_path) == [path]


def test_place_that_cannot_be_written_is_named(tmp_path: Path, device: Device) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="keep a backup"):
        keep_at(blocked / "modem", device)

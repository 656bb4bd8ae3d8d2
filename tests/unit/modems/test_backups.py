"""Kept configurations: newest last, no two alike, the oldest dropped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from rekamatan import cli
from rekamatan.agent import units
from rekamatan.errors import ConfigError, DeviceError, NotSupportedError, RefusedError
from rekamatan.models import Identity
from rekamatan.modems.backups import KEPT, difference, keep, kept, label_of, read_backup
from rekamatan.wan import request

if TYPE_CHECKING:
    from pathlib import Path

START = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)


class Device:
    """A driver's two answers that matter here."""

    platform = "routeros7"

    def __init__(self) -> None:
        self.text = "# 2026-11-24 by RouterOS 7.24\n/system identity\nset name=kubu\n"
        self.broken = False

    serial = "S1"

    def identify(self) -> Identity:
        return Identity(self.platform, "LtAP mini", "7.24", self.serial)

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


@pytest.fixture
def two(tmp_path: Path, device: Device) -> tuple[str, str]:
    """Names of two backups of one modem, the older first."""
    older = keep_at(tmp_path, device)
    device.text = device.text.replace("kubu", "bangko")
    return older.name, keep_at(tmp_path, device, 1).name


def test_difference_is_what_going_back_would_change(tmp_path: Path, two: tuple[str, str]) -> None:
    lines = difference(tmp_path, two[0])
    assert [line for line in lines if line[0] in "+-"][2:] == ["-set name=bangko", "+set name=kubu"]
    assert difference(tmp_path, two[1]) == []


def test_altered_backup_is_refused(tmp_path: Path, two: tuple[str, str]) -> None:
    path = tmp_path / two[0]
    path.write_text(path.read_text().replace("kubu", "kubu2"))
    with pytest.raises(RefusedError, match="altered"):
        read_backup(tmp_path, two[0])


@pytest.mark.parametrize(("attribute", "value"), [("serial", "S2"), ("platform", "routeros6")])
def test_backup_of_another_modem_is_refused(
    tmp_path: Path, device: Device, two: tuple[str, str], attribute: str, value: str
) -> None:
    setattr(device, attribute, value)
    device.text += "set x=y\n"
    keep_at(tmp_path, device, 2)
    with pytest.raises(RefusedError, match="the modem here is"):
        read_backup(tmp_path, two[0])


def test_backup_without_a_label_is_refused(tmp_path: Path, two: tuple[str, str]) -> None:
    (tmp_path / two[0]).with_suffix(".json").unlink()
    assert label_of(tmp_path / two[0]) is None
    with pytest.raises(RefusedError, match="no label"):
        read_backup(tmp_path, two[0])
    with pytest.raises(ConfigError, match="no such backup"):
        read_backup(tmp_path, "../../etc/passwd")


def test_labels_are_rotated_with_their_backups(tmp_path: Path, device: Device) -> None:
    for hours in range(KEPT + 3):
        device.text = f"/system identity\nset name=n{hours}\n"
        keep_at(tmp_path, device, hours)
    assert len(kept(tmp_path)) == len(list(tmp_path.glob("*.json"))) == KEPT


def test_unknown_firmware_is_kept_all_the_same(
    tmp_path: Path, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> Identity:
        raise NotSupportedError("modem", "identify", "too old")

    monkeypatch.setattr(device, "identify", refuse)
    path = keep_at(tmp_path, device)
    label = label_of(path)
    assert label is not None
    assert (label.platform, label.serial) == ("routeros7", None)


def test_command_lists_and_compares(
    tmp_path: Path,
    two: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("rekamatan.paths.MODEM", tmp_path)
    monkeypatch.setattr(units.os, "geteuid", lambda: 0)
    assert cli.main(["modem", "backups"]) == 0
    assert capsys.readouterr().out.split() == list(two)
    assert cli.main(["modem", "backups", "--diff", two[0]]) == 0
    assert "+set name=kubu" in capsys.readouterr().out
    (tmp_path / two[0]).write_text("x")
    assert cli.main(["modem", "backups", "--diff", two[0]]) == 3
    assert cli.main(["modem", "backups", "--diff", "none"]) == 2


def test_restore_command_hands_over_a_checked_backup_only(
    tmp_path: Path, two: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def submit(kind: str, profile: str, order: str, *, backup: str) -> str:
        assert (kind, profile, order) == ("restore", "", "")
        asked.append(backup)
        raise RefusedError("modem", "start", "no unit here")

    monkeypatch.setattr("rekamatan.paths.MODEM", tmp_path)
    monkeypatch.setattr(units.os, "geteuid", lambda: 0)
    monkeypatch.setattr(request, "submit", submit)
    whole = (tmp_path / two[0]).read_text()
    assert cli.main(["modem", "restore", two[0]]) == 3
    assert asked == [whole]
    (tmp_path / two[0]).write_text("x")
    assert cli.main(["modem", "restore", two[0]]) == 3
    assert asked == [whole]

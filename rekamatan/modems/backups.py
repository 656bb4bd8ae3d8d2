"""Configurations of a modem, kept before each change: newest last, the oldest dropped.

A backup is what `ModemDriver.backup` gives: text without secrets. What changed is seen by comparing
two; the way back after a replaced or reset modem is the role `modem`, which has the secrets.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from difflib import unified_diff
from typing import TYPE_CHECKING

from rekamatan.errors import ConfigError, NotSupportedError, RefusedError
from rekamatan.models import Identity
from rekamatan.plain import Place, from_plain, parse_json

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from rekamatan.modems.base import ModemDriver

KEPT = 20


@dataclass(frozen=True, slots=True)
class Label:
    """Whose configuration a backup is; the serial number where the device tells it."""

    platform: str
    model: str
    serial: str | None
    sha256: str

    def __str__(self) -> str:
        """For people."""
        return f"{self.platform} {self.model} {self.serial or '(no serial number)'}"


_PRIVATE = 0o600


def keep(directory: Path, driver: ModemDriver, now: datetime) -> Path:
    """Read the device's configuration and store it; the file that holds it.

    A configuration that is the same as in the newest backup is not stored again.

    Args:
        directory: made when missing.
        driver: of the modem.
        now: UTC; the name begins with it.

    Raises:
        DeviceError: the modem did not give its configuration. Nothing may be changed then.
        ConfigError: the directory cannot be written.
    """
    text = driver.backup()
    newest = kept(directory)[-1:]
    if newest and _meaning(newest[0].read_text(encoding="utf-8")) == _meaning(text):
        return newest[0]
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    path = directory / f"{now:%Y%m%dT%H%M%SZ}-{driver.platform}-{digest}.txt"
    try:
        _store(path.with_suffix(".json"), _label(driver, text))
        _store(path, text)
        for old in kept(directory)[:-KEPT]:
            old.unlink()
            old.with_suffix(".json").unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(
            str(directory), "keep a backup", str(error.strerror), "free space, then run again"
        ) from error
    return path


def kept(directory: Path) -> list[Path]:
    """The backups there are, oldest first."""
    return sorted(directory.glob("*Z-*.txt"))


def _label(driver: ModemDriver, text: str) -> str:
    """Whose configuration it is, and its digest: what a restore has to know before it begins."""
    try:
        device = driver.identify()
    except NotSupportedError:  # firmware we do not manage: its configuration is kept all the same
        device = Identity(driver.platform, "", "")
    digest = hashlib.sha256(text.encode()).hexdigest()
    return json.dumps(asdict(Label(device.platform, device.model, device.serial, digest))) + "\n"


def label_of(path: Path) -> Label | None:
    """The label beside a backup; None where there is none (kept by an older release)."""
    try:
        text = path.with_suffix(".json").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    source = str(path.with_suffix(".json"))
    return from_plain(Label, parse_json(text, source), Place(source))


def read_backup(directory: Path, name: str) -> str:
    """The text of a kept backup, when it is whole and of the modem that is here now.

    The modem that is here now is the one of the newest backup.

    Args:
        directory: of the backups.
        name: of the file, as `kept` lists it.

    Raises:
        RefusedError: it has no label, was altered since it was kept, or is another modem's.
        ConfigError: there is no such backup.
    """
    path = next((path for path in kept(directory) if path.name == name), None)
    if path is None:
        raise ConfigError(str(directory), name, "no such backup", "see `rekamatan modem backups`")
    text, label = path.read_text(encoding="utf-8"), label_of(path)
    if label is None:
        raise _refused(name, "it has no label: nobody can say whose it is")
    if hashlib.sha256(text.encode()).hexdigest() != label.sha256:
        raise _refused(name, "it was altered after it was kept")
    here = label_of(kept(directory)[-1])
    if here is not None and not _same_device(label, here):
        raise _refused(name, f"it is of {label}, and the modem here is {here}")
    return text


def difference(directory: Path, name: str) -> list[str]:
    """A unified diff from the newest backup to the named one: what going back would change.

    Raises: as `read_backup`.
    """
    old = read_backup(directory, name)
    newest = kept(directory)[-1]
    now = newest.read_text(encoding="utf-8")
    return list(unified_diff(_meaning(now), _meaning(old), newest.name, name, lineterm=""))


def _same_device(one: Label, other: Label) -> bool:
    if one.platform != other.platform:
        return False
    return one.serial == other.serial if one.serial and other.serial else one.model == other.model


def _refused(name: str, reason: str) -> RefusedError:
    return RefusedError(f"backup {name}", "use it", reason, "take another: rekamatan modem backups")


def _meaning(text: str) -> list[str]:
    """The configuration without comment lines, which carry the time of the export."""
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _store(path: Path, text: str) -> None:
    """Whole and durable, or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(".new")
    handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _PRIVATE)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)

"""Configurations of a modem, kept before each change: newest last, the oldest dropped.

A backup is what `ModemDriver.backup` gives: text without secrets. What changed is seen by comparing
two; the way back after a replaced or reset modem is the role `modem`, which has the secrets.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from rekamatan.errors import ConfigError

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from rekamatan.modems.base import ModemDriver

KEPT = 20
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
        _store(path, text)
        for old in kept(directory)[:-KEPT]:
            old.unlink()
    except OSError as error:
        raise ConfigError(
            str(directory), "keep a backup", str(error.strerror), "free space, then run again"
        ) from error
    return path


def kept(directory: Path) -> list[Path]:
    """The backups there are, oldest first."""
    return sorted(directory.glob("*Z-*.txt"))


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

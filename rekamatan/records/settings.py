"""Settings of the two receiving services, read from JSON files that the roles write."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from rekamatan import paths
from rekamatan.errors import ConfigError

INTAKE_FILE = paths.ETC / "records.json"
INGEST_FILE = paths.ETC / "ingest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Where a service listens, with which certificate, and what it accepts."""

    certificate: str
    key: str
    ca: str
    listen: str = "0.0.0.0"  # noqa: S104 - the firewall decides who may connect
    port: int = 8443
    max_size: int = 64 * 1024 * 1024
    floor_bytes: int = 1024 * 1024 * 1024
    partial_days: int = 14  # an upload without a byte for this long is discarded

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file; unknown and missing keys are errors that name the key.

        Raises:
            ConfigError: the file cannot be read or does not fit.
        """
        try:
            members: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return cls(**members)
        except FileNotFoundError as error:
            hint = "apply role recording_server or data_centre"
            raise ConfigError(str(path), "read settings", "no such file", hint) from error
        except (OSError, ValueError, TypeError) as error:
            raise ConfigError(str(path), "read settings", str(error)) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeSettings(Listener):
    """`/etc/rekamatan/records.json`: the recording server's intake and spool."""

    directory: str = str(paths.RECORDS)
    retention_days: int = 30  # payloads stay this long after their receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestSettings(Listener):
    """`/etc/rekamatan/ingest.json`: the data centre's ingest."""

    data_centre: str  # the name receipts are signed with
    signing_key: str  # path of the systemd credential
    dsn: str = "host=/run/postgresql dbname=rekamatan user=rekamatan"
    port: int = 443
    directory: str = str(paths.STATE)  # incoming/ and store/ lie here, on one file system
    canary_hours: int = 24
    sites: list[str] = field(default_factory=list)  # of the district: who must give account
    metrics: str = ""  # folder for the nightly figures; "" writes none

    @property
    def store(self) -> Path:
        """Where finished records lie."""
        return Path(self.directory) / "store"

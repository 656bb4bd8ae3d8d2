"""The rollout ledger: what is known about each site; survives a killed controller."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from rekamatan.errors import ConfigError, RefusedError
from rekamatan.records.durable import fsync_directory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

FILE_NAME = "rollout.jsonl"


class SiteState(StrEnum):
    """Where one site stands. `unknown` is never told as failed nor as done."""

    PLANNED = "planned"
    WAITING = "waiting"  # did not answer; asked again later
    PREFLIGHT_FAILED = "preflight_failed"  # nothing was touched
    SWITCHING = "switching"
    VERIFIED = "verified"
    DEGRADED = "degraded"
    ROLLED_BACK = "rolled_back"
    UNKNOWN = "unknown"
    STRANDED = "stranded"


@dataclass(frozen=True, slots=True)
class Entry:
    """The latest word about one site."""

    site: str
    state: SiteState
    at: str  # ISO 8601 UTC
    data: dict[str, Any] = field(default_factory=dict)


class RolloutLedger:
    """One rollout: one change order, one target profile, a set of sites.

    A line of JSON per event, each on the disk before `record` returns. Several processes may write;
    a line that a kill or a power cut tore is recognised and dropped.
    """

    def __init__(self, path: Path, change_order: str, profile: str) -> None:
        self.path = path
        self.change_order = change_order
        self.profile = profile

    @classmethod
    def open(
        cls, directory: Path, change_order: str, profile: str, sites: Sequence[str]
    ) -> RolloutLedger:
        """Start this rollout's ledger in `directory`, or go on with it; new sites are added.

        Raises:
            RefusedError: the directory holds the ledger of another rollout.
            ConfigError: the ledger there is damaged.
        """
        directory.mkdir(parents=True, exist_ok=True)
        ledger = cls(directory / FILE_NAME, change_order, profile)
        lines = ledger._lines() if ledger.path.exists() else []
        if not lines:
            heading = {"change_order": change_order, "profile": profile}
            ledger._append({"rollout": heading, "at": _now()})
            fsync_directory(directory)
        elif (lines[0]["rollout"]["change_order"], lines[0]["rollout"]["profile"]) != (
            change_order,
            profile,
        ):
            found = lines[0]["rollout"]
            reason = f"it belongs to change order {found['change_order']} to {found['profile']}"
            hint = "name another directory for this rollout"
            raise RefusedError(str(ledger.path), "open rollout", reason, hint)
        known = ledger.states()
        for site in sites:
            if site not in known:
                ledger.record(site, SiteState.PLANNED, {})
        return ledger

    @classmethod
    def read(cls, directory: Path) -> RolloutLedger:
        """The ledger in `directory`, for looking at it.

        Raises:
            ConfigError: there is none, or it is damaged.
        """
        path = directory / FILE_NAME
        if not path.exists():
            hint = "name the directory the rollout wrote to"
            raise ConfigError(str(path), "file", "no rollout was recorded here", hint)
        ledger = cls(path, "", "")
        lines = ledger._lines()
        heading = lines[0].get("rollout", {}) if lines else {}
        return cls(path, heading.get("change_order", ""), heading.get("profile", ""))

    def record(self, site: str, state: SiteState | str, data: Mapping[str, Any]) -> None:
        """Note what is now known about `site`; durable on return."""
        entry = {"at": _now(), "site": site, "state": SiteState(state).value, "data": dict(data)}
        self._append(entry)

    def entries(self) -> dict[str, Entry]:
        """The latest word about each site, in the order the sites were planned."""
        latest: dict[str, Entry] = {}
        for line in self._lines():
            if "site" in line:
                state = SiteState(line["state"])
                latest[line["site"]] = Entry(line["site"], state, line["at"], line["data"])
        return latest

    def states(self) -> dict[str, SiteState]:
        """Site to state."""
        return {site: entry.state for site, entry in self.entries().items()}

    def finished(self, site: str) -> bool:
        """True when a rerun need not touch this site again."""
        return self.states().get(site) is SiteState.VERIFIED

    def settle_interrupted(self) -> list[str]:
        """Call once when a run starts: what was `switching` when the last one died is `unknown`.

        Returns:
            The sites whose outcome has to be asked for.
        """
        interrupted = [s for s, state in self.states().items() if state is SiteState.SWITCHING]
        for site in interrupted:
            reason = "the controller stopped while this site was switching"
            self.record(site, SiteState.UNKNOWN, {"reason": reason})
        return interrupted

    def _append(self, entry: Mapping[str, Any]) -> None:
        line = json.dumps(entry, ensure_ascii=False, sort_keys=True).encode() + b"\n"
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            _drop_torn_line(handle)
            written = os.write(handle, line)
            os.fsync(handle)
        finally:
            os.close(handle)
        if written != len(line):
            raise OSError(f"{self.path}: {written} of {len(line)} bytes written: disk full?")

    def _lines(self) -> list[dict[str, Any]]:
        content = self.path.read_bytes()
        complete = content[: content.rfind(b"\n") + 1]  # without a line that a kill tore
        lines = []
        for number, text in enumerate(complete.splitlines(), start=1):
            try:
                lines.append(json.loads(text))
            except ValueError:
                reason = f"line {number} is not JSON"
                hint = "it was edited or damaged: keep it, and start the rollout in a new directory"
                raise ConfigError(str(self.path), "file", reason, hint) from None
        return lines


def _drop_torn_line(handle: int) -> None:
    """Cut what follows the last complete line; the caller holds the lock."""
    content = os.pread(handle, os.fstat(handle).st_size, 0)
    complete = content.rfind(b"\n") + 1
    if complete != len(content):
        os.ftruncate(handle, complete)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")

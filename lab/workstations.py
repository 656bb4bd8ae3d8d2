"""The workstations of all offices: start, stop, and the account of what became of their records."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab import engine, state
from lab.errors import LabError
from lab.paths import INVENTORY, ROOT, VAULT_PASSWORD, WORKSTATIONS
from lab.shell import comes_true, run, wait_until
from lab.topology import DATA_CENTRE

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from lab.topology import District, LabSite

_NAME = "ws1"
# Megabytes and weights: a packet has 0.3 to 5 MB; few are large, so that 200 kbit/s can follow.
_SIZES = "0.3:80,2:15,5:5"
STORE = "/var/lib/rekamatan/store"  # of the data centre
SITE_RECORDS = "/var/lib/rekamatan/records"  # of a recording server
REPORT = WORKSTATIONS / "report.json"


@dataclass(frozen=True, slots=True)
class Account:
    """What became of one office's records."""

    site: str
    captured: int
    acknowledged: int  # at the data centre, byte for byte
    waiting: int  # still on the recording server
    lost: int  # nowhere
    largest_gap_s: float | None  # between two successful captures; None below two


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `workstations start|stop|report`."""
    parser = commands.add_parser("workstations", help="people who record, all day")
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")
    start = actions.add_parser("start", help="one workstation per office begins to record")
    start.add_argument("--pace", type=float, default=20.0, help="seconds per record (default 20)")
    start.add_argument("--sizes", default=_SIZES, help=f"megabytes:weight,... (default {_SIZES})")
    start.set_defaults(run=_start)
    stop = actions.add_parser("stop", help="end them, and say what became of the records")
    stop.add_argument("--drain", type=float, default=0.0, help="seconds to wait for receipts")
    stop.set_defaults(run=_stop)
    report = actions.add_parser("report", help="captured, acknowledged, lost, largest gap")
    report.set_defaults(run=_report)
    for action in (stop, report):
        action.add_argument("--json", action="store_true", help="machine-readable")


def _start(arguments: argparse.Namespace) -> int:
    district = state.load()
    WORKSTATIONS.mkdir(parents=True, exist_ok=True)
    for site in district.sites:
        if running(site.slug) is None:
            _launch(site, arguments.pace, arguments.sizes)
    print(f"recording at {len(district.sites)} offices, every {arguments.pace:g} s each")
    return 0


def _launch(site: LabSite, pace: float, sizes: str) -> None:
    folder = WORKSTATIONS / site.slug
    identity = folder / f"{_NAME}.{site.slug}"
    if not Path(f"{identity}.key").exists():
        argv = [sys.executable, "-m", "rekamatan.cli", "secrets", "workstation", str(INVENTORY)]
        argv += ["--site", site.slug, "--name", _NAME, "--out", str(folder)]
        run([*argv, "--vault-password-file", str(VAULT_PASSWORD)])
    command = [sys.executable, "-m", "lab.workstation", "--server", site.address(10)]
    command += ["--identity", str(identity), "--notebook", str(_notebook(site.slug))]
    command += ["--pace", str(pace), "--sizes", sizes]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            ["ip", "netns", "exec", site.workstation, *command],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    _pid_file(site.slug).write_text(f"{process.pid}\n", encoding="ascii")


def _notebook(slug: str) -> Path:
    return WORKSTATIONS / f"{slug}.jsonl"


def _pid_file(slug: str) -> Path:
    return WORKSTATIONS / f"{slug}.pid"


def running(slug: str) -> int | None:
    """Process id of the site's workstation; None when it does not run."""
    try:
        pid = int(_pid_file(slug).read_text(encoding="ascii"))
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    # The number may have been given to somebody else since.
    return pid if str(_notebook(slug)).encode() in command else None


def _ended(slug: str) -> bool:
    return running(slug) is None


def stop_all(slugs: Iterable[str]) -> None:
    """End the workstations that run; what they noted stays."""
    ended = [pid for slug in slugs if (pid := running(slug)) is not None]
    for pid in ended:
        os.kill(pid, signal.SIGTERM)
    for slug in slugs:
        wait_until(f"workstation {slug} to end", partial(_ended, slug), 10)
        _pid_file(slug).unlink(missing_ok=True)


def _stop(arguments: argparse.Namespace) -> int:
    district = state.load()
    stop_all([site.slug for site in district.sites])
    return _tell(last_account(district, Hashes(), arguments.drain), as_json=arguments.json)


def _report(arguments: argparse.Namespace) -> int:
    return _tell(account(state.load(), Hashes()), as_json=arguments.json)


class Hashes:
    """SHA-256 of what lies in a directory of a node; a file is read once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], str] = {}

    def of(self, node: str, directory: str) -> set[str]:
        """Hashes of every file below `directory`; empty when the node is off."""
        if not engine.is_running(node):
            return set()
        find = ["find", directory, "-type", "f", "-size", "+0"]
        listing = engine.inside(node, *find, check=False).stdout.splitlines()
        fresh = [name for name in listing if (node, name) not in self._known]
        if fresh:
            names = "\0".join(fresh)
            hashed = engine.inside(
                node, "xargs", "-0", "sha256sum", "--", stdin=names, check=False, timeout=300
            )
            for line in hashed.stdout.splitlines():
                digest, _, name = line.partition("  ")
                self._known[node, name] = digest
        return {self._known[node, name] for name in listing if (node, name) in self._known}


def account(district: District, hashes: Hashes) -> list[Account]:
    """Compare what was captured with what is at the data centre, by hash of the bytes there."""
    stored = hashes.of(DATA_CENTRE, STORE)
    found = []
    for site in district.sites:
        notes = events(site.slug)
        captured = {event["sha256"] for event in notes if event["event"] == "captured"}
        missing = captured - stored
        held = hashes.of(site.server, SITE_RECORDS) if missing else set()
        lost = missing - held
        found.append(
            Account(
                site=site.slug,
                captured=len(captured),
                acknowledged=len(captured & stored),
                waiting=len(missing) - len(lost),
                lost=len(lost),
                largest_gap_s=largest_gap(notes),
            )
        )
    return found


def last_account(district: District, hashes: Hashes, seconds: float) -> list[Account]:
    """The account once all that was captured is acknowledged, or after `seconds`."""
    found: list[Account] = []

    def acknowledged() -> bool:
        nonlocal found
        found = account(district, hashes)
        return all(row.captured == row.acknowledged for row in found)

    comes_true(acknowledged, seconds, every=2)
    return found


def events(slug: str) -> list[dict[str, Any]]:
    """The notebook; a last line cut short by a kill does not count."""
    path = _notebook(slug)
    lines = path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []
    return [json.loads(line) for line in lines]


def largest_gap(events: list[dict[str, Any]]) -> float | None:
    """Longest time between two successful captures, in seconds; a pause by `stop` is none."""
    gaps = []
    for before, after in pairwise(e for e in events if e["event"] in {"captured", "started"}):
        if before["event"] == after["event"] == "captured":
            gaps.append(after["boottime"] - before["boottime"])
    return round(max(gaps), 1) if gaps else None


def _tell(accounts: list[Account], *, as_json: bool) -> int:
    """Print and keep the account; 0 only when all that was captured is at the data centre."""
    WORKSTATIONS.mkdir(parents=True, exist_ok=True)
    rows = [asdict(row) for row in accounts]
    REPORT.write_text(json.dumps({"sites": rows}, indent=1) + "\n", encoding="utf-8")
    if as_json:
        print(json.dumps({"sites": rows}, indent=1))
    else:
        print(f"{'site':30} {'captured':>9} {'acknowledged':>13} {'waiting':>8} {'lost':>5}  gap")
        for row in accounts:
            gap = "-" if row.largest_gap_s is None else f"{row.largest_gap_s} s"
            print(
                f"{row.site:30} {row.captured:9} {row.acknowledged:13} {row.waiting:8}"
                f" {row.lost:5}  {gap}"
            )
    if not any(row.captured for row in accounts):
        raise LabError("workstations", "account for records", "none was captured", "start them")
    return 0 if all(row.captured == row.acknowledged for row in accounts) else 1

"""An adapter for an application that keeps its records in PostgreSQL. An example that works.

    python -m rekamatan.records.adapters.postgresql --config /etc/rekamatan/adapter-postgresql.json

The settings say which database and which one query; the answers are its only row. It asks through
`psql`, which is there wherever such an application is, in a read-only transaction with a deadline.
The password, if any, is in the file that `passfile` names (mode 0600), never in an argument.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from rekamatan.errors import RekamatanError
from rekamatan.plain import Place, from_plain, parse_json
from rekamatan.records.adapters.answers import PROTOCOL, UnknownAnswersError, parse_answers

_COLUMNS = 4
_WAIT_S = 8.0
_OPTIONS = "-c default_transaction_read_only=on -c statement_timeout=5000 -c lock_timeout=2000"
_ACTION = "ask PostgreSQL"


@dataclass(frozen=True, slots=True)
class Settings:
    """Which database, and the query with the four answers in this order, in one row."""

    query: str  # SELECT captured, sent, acknowledged, active_captures ...
    host: str = "/run/postgresql"
    port: int = 5432
    database: str = ""
    user: str = ""
    passfile: str = ""


def load_settings(path: Path) -> Settings:
    """Read the settings file.

    Raises:
        ConfigError: it does not fit.
    """
    return from_plain(Settings, parse_json(path.read_text("utf-8"), str(path)), Place(str(path)))


def ask(settings: Settings) -> str:
    """The four answers as one line of the adapter's protocol.

    Raises:
        UnknownAnswersError: the database does not answer, refuses, or the row is not four counts.
    """
    environment = {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "PGHOST": settings.host,
        "PGPORT": str(settings.port),
        "PGDATABASE": settings.database,
        "PGUSER": settings.user,
        "PGPASSFILE": settings.passfile,
        "PGCONNECT_TIMEOUT": "4",
        "PGOPTIONS": _OPTIONS,
    }
    try:
        done = subprocess.run(
            ["psql", "-X", "-A", "-t", "-q", "-w", "-F", "\t", "-v", "ON_ERROR_STOP=1"],
            input=settings.query,
            capture_output=True,
            text=True,
            check=False,
            timeout=_WAIT_S,
            env={key: value for key, value in environment.items() if value},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnknownAnswersError(settings.host, _ACTION, str(error)) from error
    if done.returncode != 0:
        raise UnknownAnswersError(settings.host, _ACTION, done.stderr.strip()[:200])
    return _line(done.stdout, settings)


def _line(output: str, settings: Settings) -> str:
    rows = [line.split("\t") for line in output.splitlines() if line]
    if len(rows) != 1 or len(rows[0]) != _COLUMNS:
        reason = "the query must give one row of four counts"
        raise UnknownAnswersError(settings.host, _ACTION, reason)
    try:
        counts = [int(value) for value in rows[0]]
    except ValueError:
        reason = f"not four whole numbers: {rows[0]}"  # NULL is empty here, and not zero
        raise UnknownAnswersError(settings.host, _ACTION, reason) from None
    names = ("captured", "sent", "acknowledged", "active_captures")
    text = json.dumps({"protocol": PROTOCOL, **dict(zip(names, counts, strict=True))})
    return parse_answers(text, settings.host).to_json()


def main() -> int:
    """Print the answers; exit 1, and nothing on stdout, when they are not known."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", type=Path, required=True)
    try:
        line = ask(load_settings(parser.parse_args().config))
    except (RekamatanError, OSError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - the program's own output
        return 1
    print(line)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())

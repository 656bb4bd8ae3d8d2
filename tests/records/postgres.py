"""A real PostgreSQL in a temporary directory: unprivileged, on a Unix socket only."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg

from rekamatan.records.migrate import apply_migrations

_SETUP = (
    "CREATE ROLE rekamatan_owner NOLOGIN",
    "CREATE ROLE rekamatan LOGIN",
    "CREATE DATABASE rekamatan OWNER rekamatan_owner",
)


def binaries() -> Path | None:
    """The newest installed server's bin directory."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


class Postgres:
    """One cluster with the ledger database; `stop` and `start` play its outage."""

    def __init__(self, bin_directory: Path) -> None:
        self._bin = bin_directory
        # Not under tmp_path: the unprivileged user must reach it, and socket paths are short.
        self._home = Path(tempfile.mkdtemp(prefix="rekamatan-pg-"))
        self._account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        if self._account is not None:
            os.chown(self._home, self._account.pw_uid, self._account.pw_gid)
        self._run("initdb", "--auth=trust", "--username=admin", "--no-sync", "-D", self._data)
        self.start()
        with psycopg.connect(self.dsn("admin", "postgres"), autocommit=True) as connection:
            for statement in _SETUP:
                connection.execute(statement)
        apply_migrations(self.dsn("admin"))

    @property
    def _data(self) -> str:
        return str(self._home / "data")

    def dsn(self, user: str = "rekamatan", database: str = "rekamatan") -> str:
        return f"host={self._home} dbname={database} user={user}"

    def execute(self, statement: str) -> None:
        """As the administrator: what the service itself may not do."""
        with psycopg.connect(self.dsn("admin"), autocommit=True) as connection:
            connection.execute(statement)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.dsn("admin")) as connection:
            return connection.execute(query).fetchall()

    def start(self) -> None:
        options = f"-c listen_addresses='' -c unix_socket_directories={self._home}"
        log = str(self._home / "log")
        self._run("pg_ctl", "start", "-w", "-D", self._data, "-l", log, "-o", options)

    def stop(self) -> None:
        self._run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", self._data)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._home)

    def _run(self, program: str, *arguments: str) -> None:
        account = self._account
        subprocess.run(
            [str(self._bin / program), *arguments],
            check=True,
            cwd=self._home,
            stdout=subprocess.DEVNULL,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )

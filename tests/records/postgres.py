"""A real PostgreSQL in a temporary directory: unprivileged, on a Unix socket only."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psycopg

from rekamatan.records.migrate import apply_migrations
from tests.records.waiting import wait_for

_SETUP = (
    "CREATE ROLE rekamatan_owner NOLOGIN",
    "CREATE ROLE rekamatan LOGIN",
    "CREATE DATABASE rekamatan OWNER rekamatan_owner",
)


def binaries() -> Path | None:
    """The newest installed server's bin directory."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


def _children(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[1]) == pid:
                found.append(int(stat.parent.name))
    return found


def _runs(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


class Postgres:
    """One cluster with the ledger database; `stop` and `start` play its outage."""

    def __init__(
        self, bin_directory: Path, home: Path | None = None, *, sync: bool = False
    ) -> None:
        self._bin = bin_directory
        # Not under tmp_path: the unprivileged user must reach it, and socket paths are short.
        self._home = home or Path(tempfile.mkdtemp(prefix="rekamatan-pg-"))
        self._account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        if self._account is not None:
            os.chown(self._home, self._account.pw_uid, self._account.pw_gid)
        options = [] if sync else ["--no-sync"]
        self._run("initdb", "--auth=trust", "--username=admin", *options, "-D", self._data)
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

    def dump(self, path: Path) -> None:
        """`pg_dump` as the nightly backup makes it."""
        dump = self._home / path.name
        self._run("pg_dump", "--format=custom", f"--file={dump}", self.dsn("admin"))
        shutil.copy(dump, path)

    def restore(self, path: Path) -> None:
        """Replace the database by what `path` holds: rights, tables, counters."""
        dump = self._home / path.name
        shutil.copy(path, dump)
        dump.chmod(0o644)
        with psycopg.connect(self.dsn("admin", "postgres"), autocommit=True) as connection:
            connection.execute("DROP DATABASE rekamatan WITH (FORCE)")
            connection.execute("CREATE DATABASE rekamatan OWNER rekamatan_owner")
        self._run("pg_restore", "--exit-on-error", f"--dbname={self.dsn('admin')}", str(dump))

    def start(self) -> None:
        options = f"-c listen_addresses='' -c unix_socket_directories={self._home}"
        log = str(self._home / "log")
        self._run("pg_ctl", "start", "-w", "-D", self._data, "-l", log, "-o", options)

    def stop(self) -> None:
        self._run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", self._data)

    def crash(self) -> None:
        """End every process of the cluster at once, as a power cut does."""
        try:
            postmaster = int((self._home / "data/postmaster.pid").read_text().split()[0])
            os.kill(postmaster, signal.SIGSTOP)  # it forks no more
        except (FileNotFoundError, ProcessLookupError):
            return  # it had died by itself
        family = [postmaster, *_children(postmaster)]
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not any(_runs(pid) for pid in family), 20)

    def boot(self) -> None:
        """Start after a power cut; as Debian does, without the lock files of a dead server."""
        (self._home / "data/postmaster.pid").unlink(missing_ok=True)
        for lock in self._home.glob(".s.PGSQL.*"):
            lock.unlink()
        try:
            self.start()
        except subprocess.CalledProcessError as error:
            raise RuntimeError((self._home / "log").read_text()[-3000:]) from error

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

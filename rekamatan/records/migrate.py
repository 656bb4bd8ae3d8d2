"""Applies the numbered SQL files of `migrations/`, each once, each in its own transaction."""

from __future__ import annotations

from importlib import resources

import psycopg

from rekamatan.errors import RecordError

OWNER_ROLE = "rekamatan_owner"
SERVICE_ROLE = "rekamatan"
_LOCK_KEY = 0x52454B41  # "REKA": two migrations at once wait for each other


def pending_migrations(dsn: str) -> list[str]:
    """Names of the migrations the database does not have yet."""
    with _connect(dsn) as connection:
        return [name for name in _available() if name not in _applied(connection)]


def apply_migrations(dsn: str) -> list[str]:
    """Apply what is missing, in order; returns the names applied.

    Needs a login that may `SET ROLE` to the owner; the service itself cannot change the schema.
    """
    applied = []
    with _connect(dsn) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK_KEY,))
        for name in _available():
            if name not in _applied(connection):
                _apply(connection, name)
                applied.append(name)
    return applied


def _connect(dsn: str) -> psycopg.Connection:
    try:
        connection = psycopg.connect(dsn, autocommit=True)
        connection.execute(f"SET ROLE {OWNER_ROLE}")
    except psycopg.Error as error:
        raise RecordError(
            "ledger database",
            "connect as owner",
            str(error).strip(),
            "run as the postgres user, after role data_centre created the database",
        ) from error
    return connection


def _applied(connection: psycopg.Connection) -> set[str]:
    known = connection.execute("SELECT to_regclass('public.schema_migration')").fetchone()
    if known is None or known[0] is None:
        return set()
    return {row[0] for row in connection.execute("SELECT name FROM public.schema_migration")}


def _apply(connection: psycopg.Connection, name: str) -> None:
    text = resources.files("rekamatan.records").joinpath("migrations", name).read_bytes()
    with connection.transaction():
        connection.execute(
            "CREATE TABLE IF NOT EXISTS public.schema_migration "
            "(name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        connection.execute(text)
        connection.execute("INSERT INTO public.schema_migration (name) VALUES (%s)", (name,))


def _available() -> list[str]:
    directory = resources.files("rekamatan.records").joinpath("migrations")
    return sorted(entry.name for entry in directory.iterdir() if entry.name.endswith(".sql"))

"""The second adapter: an application that keeps its records in a real PostgreSQL."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rekamatan.records.adapters.answers import Answers, UnknownAnswersError
from rekamatan.records.adapters.executable import ask_executable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.records.postgres import Postgres

pytestmark = pytest.mark.postgres

QUERY = (
    "SELECT count(*), count(*) FILTER (WHERE status <> 'BIO_CAPTURED'), "
    "count(*) FILTER (WHERE status = 'PRINT READY RECORD'), "
    "(SELECT count(*) FROM session WHERE ended_at IS NULL) FROM enrolment"
)
ROWS = (
    "CREATE TABLE enrolment (id int, status text)",
    "CREATE TABLE session (id int, ended_at timestamptz)",
    "INSERT INTO enrolment SELECT n, 'BIO_CAPTURED' FROM generate_series(1, 3) n",
    "INSERT INTO enrolment SELECT n, 'SENT FOR ENROLLMENT' FROM generate_series(4, 5) n",
    "INSERT INTO enrolment SELECT n, 'PRINT READY RECORD' FROM generate_series(6, 10) n",
    "INSERT INTO session VALUES (1, now()), (2, NULL)",
    "CREATE ROLE pembaca LOGIN",
    "GRANT SELECT ON enrolment, session TO pembaca",
)


@pytest.fixture
def application(postgres: Postgres) -> Iterator[Postgres]:
    for statement in ROWS:
        postgres.execute(statement)
    yield postgres
    postgres.execute("DROP TABLE enrolment, session")
    postgres.execute("DROP ROLE pembaca")


def command(tmp_path: Path, postgres: Postgres, query: str = QUERY) -> list[str]:
    host = postgres.dsn().split()[0].removeprefix("host=")
    settings = {"host": host, "database": "rekamatan", "user": "pembaca", "query": query}
    path = tmp_path / "adapter-settings.json"
    path.write_text(json.dumps(settings))
    module = "rekamatan.records.adapters.postgresql"
    script = tmp_path / "adapter"  # adapters run in /, the tests' package is in the working tree
    tree = str(__file__).rsplit("/tests/", 1)[0]
    script.write_text(
        f"#!/bin/sh\nPYTHONPATH={tree} exec {sys.executable} -m {module} --config {path}\n"
    )
    script.chmod(0o755)
    return [str(script)]


def test_four_answers_of_one_moment(tmp_path: Path, application: Postgres) -> None:
    assert ask_executable(command(tmp_path, application), 30) == Answers(10, 7, 5, 1)
    application.execute("UPDATE session SET ended_at = now()")
    application.execute("DELETE FROM enrolment WHERE id = 10")
    assert ask_executable(command(tmp_path, application), 30) == Answers(9, 6, 4, 0)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT count(*), 0, 0 FROM enrolment",  # three
        "SELECT 1, 0, 0, 0 FROM enrolment",  # ten rows
        "SELECT 1, 0, 0, 0 WHERE false",  # none
        "SELECT 10, NULL, 0, 0",
        "SELECT 10, 7, 11, 0",  # more confirmed than captured
        "SELECT -1, -1, -1, -1",
        "SELECT 'ten', 0, 0, 0",
        "SELECT * FROM no_such_table",
        "DELETE FROM enrolment",
        "SELECT pg_sleep(60), 0, 0, 0",
    ],
)
def test_anything_else_is_unknown(tmp_path: Path, application: Postgres, query: str) -> None:
    with pytest.raises(UnknownAnswersError):
        ask_executable(command(tmp_path, application, query), 30)
    assert application.rows("SELECT count(*) FROM enrolment") == [(10,)]


def test_it_cannot_write_even_where_its_login_could(tmp_path: Path, application: Postgres) -> None:
    application.execute("GRANT DELETE ON enrolment TO pembaca")
    query = "WITH gone AS (DELETE FROM enrolment RETURNING 1) SELECT count(*), 0, 0, 0 FROM gone"
    with pytest.raises(UnknownAnswersError):
        ask_executable(command(tmp_path, application, query), 30)
    assert application.rows("SELECT count(*) FROM enrolment") == [(10,)]


def test_database_that_is_down_is_unknown_and_says_why(
    tmp_path: Path, application: Postgres
) -> None:
    argv = command(tmp_path, application)
    application.stop()
    try:
        with pytest.raises(UnknownAnswersError):
            ask_executable(argv, 30)
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    finally:
        application.start()
    assert (done.returncode, done.stdout) == (1, "")
    assert "ask PostgreSQL" in done.stderr

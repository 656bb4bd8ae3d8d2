"""Another application's answers: believed when all of it is in order, else unknown, never zero."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
import threading
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rekamatan import cli
from rekamatan.agent import runtime
from rekamatan.errors import ConfigError, RecordError
from rekamatan.records.adapters import site as site_module
from rekamatan.records.adapters.answers import Answers, UnknownAnswersError, parse_answers
from rekamatan.records.adapters.executable import ask_executable
from rekamatan.records.adapters.site import load_adapter, site_answers
from tests.unit.records.stick_case import StickCase

if TYPE_CHECKING:
    from collections.abc import Callable

GOOD: dict[str, Any] = {
    "protocol": 1,
    "captured": 9,
    "sent": 8,
    "acknowledged": 7,
    "active_captures": 1,
}


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], list[str]]:
    """Writes a shell script and gives its command line."""

    def write(body: str) -> list[str]:
        path = tmp_path / "adapter"
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return [str(path)]

    return write


def says(members: object) -> str:
    return f"cat <<'END'\n{json.dumps(members)}\nEND"


def test_good_answers_are_believed(program: Callable[[str], list[str]]) -> None:
    assert ask_executable(program(says(GOOD)), 10) == Answers(9, 8, 7, 1)
    more = GOOD | {"oldest": "2026-01-01"}
    assert ask_executable(program(says(more)), 10).captured == 9


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"captured": -1}, "captured is -1"),
        ({"active_captures": -1}, "active_captures is -1"),
        ({"acknowledged": 10}, "impossible"),
        ({"sent": 10}, "impossible"),
        ({"sent": 6}, "impossible"),
        ({"captured": 9.0}, "not a whole number"),
        ({"captured": "9"}, "not a whole number"),
        ({"captured": None}, "not a whole number"),
        ({"active_captures": True}, "not a whole number"),
        ({"captured": 2**60}, f"captured is {2**60}"),
        ({"protocol": 2}, "expected 1"),
        ({"protocol": None}, "expected 1"),
    ],
)
def test_what_cannot_be_is_unknown(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(UnknownAnswersError, match=reason.replace("(", "\\(")):
        parse_answers(json.dumps(GOOD | change), "adapter")


@pytest.mark.parametrize("missing", sorted(GOOD))
def test_nothing_may_be_left_out(missing: str) -> None:
    members = {key: value for key, value in GOOD.items() if key != missing}
    with pytest.raises(UnknownAnswersError):
        parse_answers(json.dumps(members), "adapter")


@pytest.mark.parametrize("text", ["", "0", "[]", "null", "{", "captured=9", '{"captured": 9}\n{}'])
def test_garbage_is_unknown(text: str) -> None:
    with pytest.raises(UnknownAnswersError):
        parse_answers(text, "adapter")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("exit 1", "ended with 1"),
        (says(GOOD) + "\nexit 1", "ended with 1"),
        ("kill -9 $$", "ended with -9"),
        ("true", "not JSON"),
        ("head -c 100000 /dev/zero", "more than 65536 bytes"),
        ("yes", "more than 65536 bytes"),
        ("printf '\\377\\376'", "not JSON"),
    ],
)
def test_a_program_that_fails_or_floods(
    program: Callable[[str], list[str]], body: str, reason: str
) -> None:
    with pytest.raises(UnknownAnswersError, match=reason):
        ask_executable(program(body), 10)


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UnknownAnswersError, match="cannot be run"):
        ask_executable([str(tmp_path / "nothing")], 10)
    with pytest.raises(UnknownAnswersError, match="cannot be run"):
        ask_executable([], 10)


@pytest.mark.parametrize(
    "body",
    [
        "sleep 600",
        f"{says(GOOD)}\nsleep 600",  # it answered, but is not done
        f"{says(GOOD)}\nsleep 600 &",  # it ended, but its child holds the pipe
        "exec >&-; sleep 600",  # nothing more will come, and it does not end
    ],
)
def test_a_program_that_hangs_is_ended_with_its_children(
    program: Callable[[str], list[str]], body: str
) -> None:
    mark = f"mark-{uuid.uuid4().hex}"
    command = program(body.replace("sleep 600", f"sh -c 'sleep 600; : {mark}'"))
    started = time.monotonic()
    with pytest.raises(UnknownAnswersError, match="no answer within"):
        ask_executable(command, 0.5)
    assert time.monotonic() - started < 30
    assert running_with(mark) == [], "a child is left behind"


def running_with(mark: str) -> list[str]:
    """Command lines that hold it, once those that were killed have had a moment to go."""
    deadline = time.monotonic() + 5
    while (found := command_lines(mark)) and time.monotonic() < deadline:
        time.sleep(0.05)  # the kernel reaps what was killed in its own time
    return found


def command_lines(mark: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            found += [line] if mark in line else []
    return found


def test_secrets_of_the_caller_do_not_reach_it(
    program: Callable[[str], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAULT_PASSWORD", "rahasia")
    command = program(f'test -z "$VAULT_PASSWORD" || exit 3\n{says(GOOD)}')
    assert ask_executable(command, 10).sent == 8


def adapter_file(tmp_path: Path, command: list[str], timeout_s: float = 10.0) -> Path:
    path = tmp_path / "adapter.json"
    path.write_text(json.dumps({"command": command, "timeout_s": timeout_s}))
    return path


def test_without_a_file_the_reference_application_answers(tmp_path: Path) -> None:
    case = StickCase.make(tmp_path)
    first, _ = case.capture(2)
    case.acknowledge(first)
    nothing = tmp_path / "adapter.json"
    assert site_answers(nothing, case.records) == Answers(2, 1, 1, 0)
    with pytest.raises(RecordError, match="no ledger"):
        site_answers(nothing, tmp_path / "elsewhere")


@pytest.mark.parametrize("text", ["", "{}", '{"command": []}', '{"command": "rm -rf /"}'])
def test_a_wrong_file_is_not_the_reference_application(tmp_path: Path, text: str) -> None:
    path = tmp_path / "adapter.json"
    path.write_text(text)
    with pytest.raises(ConfigError):
        load_adapter(path)


def serve_once(path: Path, content: bytes, *, hang_s: float = 0.0) -> threading.Thread:
    """What systemd does behind the socket."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, listener:
            connection.sendall(content)
            time.sleep(hang_s)  # this is the hanging

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return thread


def test_root_asks_through_the_socket_and_never_runs_it(
    tmp_path: Path, program: Callable[[str], list[str]]
) -> None:
    touched = tmp_path / "ran-as-root"
    path = adapter_file(tmp_path, program(f"touch {touched}"))
    line = (json.dumps(GOOD) + "\n").encode()
    serve_once(tmp_path / "s", line)
    answers = site_answers(path, adapter_socket=tmp_path / "s", privileged=lambda: True)
    assert answers == Answers(9, 8, 7, 1)
    assert not touched.exists()


@pytest.mark.parametrize("content", [b"", b"0\n", b'{"captured": 0}\n'])
def test_what_comes_through_the_socket_is_checked_too(tmp_path: Path, content: bytes) -> None:
    path = adapter_file(tmp_path, ["true"])
    serve_once(tmp_path / "s", content)
    with pytest.raises(UnknownAnswersError):
        site_answers(path, adapter_socket=tmp_path / "s", privileged=lambda: True)


def test_a_socket_that_hangs_or_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = adapter_file(tmp_path, ["true"], timeout_s=0.2)
    monkeypatch.setattr(site_module, "_EXTRA_S", 0.2)
    with pytest.raises(UnknownAnswersError, match=r"rekamatan-adapter.socket"):
        site_answers(path, adapter_socket=tmp_path / "s", privileged=lambda: True)
    serve_once(tmp_path / "s", json.dumps(GOOD).encode(), hang_s=5)
    with pytest.raises(UnknownAnswersError, match="timed out"):
        site_answers(path, adapter_socket=tmp_path / "s", privileged=lambda: True)


def test_unknown_refuses_the_switch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The interlock raises: a switch that cannot know goes no further."""
    path = adapter_file(tmp_path, ["false"])
    monkeypatch.setattr(
        runtime, "site_answers", lambda: site_answers(path, privileged=lambda: False)
    )
    with pytest.raises(RecordError, match="ended with 1"):
        runtime.SiteInterlocks().active_captures()


def test_command_says_unknown_and_no_number(
    tmp_path: Path,
    program: Callable[[str], list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 65534)
    path = adapter_file(tmp_path, program("exit 1"))
    answers = ["records", "answers", "--adapter-file", str(path)]
    assert cli.main(answers) == 4
    assert "Tidak diketahui" in capsys.readouterr().out
    assert cli.main([*answers, "--json"]) == 4
    assert json.loads(capsys.readouterr().out)["known"] is False
    assert cli.main([*answers, "--protocol"]) == 1
    assert capsys.readouterr().out == ""
    path = adapter_file(tmp_path, program(says(GOOD)))
    assert cli.main([*answers, "--protocol"]) == 0
    assert parse_answers(capsys.readouterr().out, "itself") == Answers(9, 8, 7, 1)

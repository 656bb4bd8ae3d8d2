"""Runs an adapter as what it is: somebody else's program, that may hang, flood or lie."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from rekamatan.records.adapters.answers import Answers, UnknownAnswersError, parse_answers

if TYPE_CHECKING:
    from collections.abc import Sequence

LIMIT_BYTES = 64 * 1024
_KEPT_ENVIRONMENT = ("PATH", "LANG", "HOME", "CREDENTIALS_DIRECTORY")
_ACTION = "ask the recording application"


def ask_executable(command: Sequence[str], timeout_s: float) -> Answers:
    """Run `command` once, without a shell, and believe it only if all of it is in order.

    Raises:
        UnknownAnswersError: it is not there, hangs, floods, fails, or prints what cannot be.
    """
    name = command[0] if command else "adapter"
    deadline = time.monotonic() + timeout_s
    environment = {key: os.environ[key] for key in _KEPT_ENVIRONMENT if key in os.environ}
    try:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # may hold what must not be in a log
            cwd="/",
            env=environment | {"LC_ALL": "C.UTF-8"},
            start_new_session=True,
        )
    except (OSError, IndexError) as error:
        hint = "check recording_server_adapter_command"
        raise UnknownAnswersError(name, _ACTION, f"cannot be run: {error}", hint) from error
    try:
        output = _read(process, deadline, name)
        code = process.wait(max(0.0, deadline - time.monotonic()))
    except (TimeoutError, subprocess.TimeoutExpired):
        reason = f"no answer within {timeout_s:.0f} s"
        raise UnknownAnswersError(name, _ACTION, reason, "look why it hangs") from None
    finally:
        _end(process)
    if code != 0:
        raise UnknownAnswersError(name, _ACTION, f"it ended with {code}", "run it by hand")
    return parse_answers(output.decode("utf-8", errors="replace"), name)


def _read(process: subprocess.Popen[bytes], deadline: float, name: str) -> bytes:
    """All it prints, up to the limit, until its last writer closes or the deadline comes."""
    assert process.stdout is not None  # noqa: S101 - PIPE was asked for
    descriptor, chunks, size = process.stdout.fileno(), list[bytes](), 0
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while selector.select(max(0.0, deadline - time.monotonic())):
            chunk = os.read(descriptor, LIMIT_BYTES)
            if not chunk:
                return b"".join(chunks)
            chunks.append(chunk)
            size += len(chunk)
            if size > LIMIT_BYTES:
                reason = f"more than {LIMIT_BYTES} bytes"
                raise UnknownAnswersError(name, _ACTION, reason, "it must print one line")
    raise TimeoutError


def _end(process: subprocess.Popen[bytes]) -> None:
    """Also its children: a shell script's hanging `psql` would hold on for ever."""
    with suppress(ProcessLookupError):  # it and its children have ended
        os.killpg(process.pid, signal.SIGKILL)
    if process.stdout is not None:
        process.stdout.close()
    process.wait()

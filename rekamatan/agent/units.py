"""Having a unit do what needs its credential, and root doing the asking."""

from __future__ import annotations

import os
import secrets
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rekamatan import paths
from rekamatan.errors import RefusedError, RekamatanError, UnknownOutcomeError
from rekamatan.verify.store import read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

READER = "rekamatan-verify.service"
LONGEST_S = 1200.0
QUESTION = "request.json"
FAILED = "failed.json"  # why the unit could not answer, for whoever asked


def require_root(action: str) -> None:
    """Only root may touch the WAN.

    Raises:
        RefusedError: the caller is somebody else.
    """
    if os.geteuid() != 0:
        raise RefusedError("rekamatan", action, "you are not root", "put sudo before the command")


def ask_reader(question: dict[str, Any], answer: str) -> dict[str, Any]:
    """Have the unit that may read the modem answer, and return `verify/<answer>`.

    Raises:
        RekamatanError: the unit could not do it.
        UnknownOutcomeError: it ended, but left no answer to this question.
    """
    number = secrets.token_hex(8)
    write_json(paths.VERIFY / QUESTION, question | {"id": number})
    argv = ["systemctl", "start", READER]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=LONGEST_S)
    except subprocess.TimeoutExpired as error:
        raise UnknownOutcomeError(READER, "start", "it is still running", _look()) from error
    found = read_json(paths.VERIFY / answer)
    if found is not None and found.get("id") == number:
        return found
    failed = read_json(paths.VERIFY / FAILED)
    if failed is not None and failed.get("id") == number:
        raise _again(failed)
    if done.returncode:
        raise RekamatanError(READER, "start", done.stderr.strip() or "it failed", _look())
    raise UnknownOutcomeError(READER, "answer", "it left no answer", _look())


def take_question(folder: Path) -> dict[str, Any]:
    """In the unit: what was asked, once; without a question, a plain verification."""
    question = read_json(folder / QUESTION) or {}
    (folder / QUESTION).unlink(missing_ok=True)
    return question


@contextmanager
def told_to_the_asker(question: dict[str, Any]) -> Iterator[None]:
    """In the unit: an error is left where `ask_reader` finds it, then goes on its way."""
    try:
        yield
    except RekamatanError as error:
        parts = [error.subject, error.action, error.reason, error.hint]
        told = {"error": parts, "exit": error.exit_code}
        write_json(paths.VERIFY / FAILED, told | {"id": question.get("id", "")})
        raise


def _again(failed: dict[str, Any]) -> RekamatanError:
    """The unit's error for whoever asked: what is not known stays that, and no failure."""
    unknown = failed.get("exit") == UnknownOutcomeError.exit_code
    return (UnknownOutcomeError if unknown else RekamatanError)(*failed["error"])


def active(unit: str) -> bool:
    """True while systemd runs or starts the unit."""
    argv = ["systemctl", "is-active", unit]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return done.stdout.strip() in {"active", "activating", "reloading", "deactivating"}


def _look() -> str:
    return f"journalctl -u {READER} -n 50"

"""This site's answers, whichever application records here.

`/etc/rekamatan/adapter.json` names another application's adapter; without the file the reference
application answers. The adapter never runs with root's rights: root asks through a socket, behind
which systemd runs `rekamatan records answers` as the unprivileged service user.
"""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rekamatan import paths
from rekamatan.plain import Place, from_plain, parse_json
from rekamatan.records.adapters.answers import Answers, UnknownAnswersError, parse_answers
from rekamatan.records.adapters.executable import LIMIT_BYTES, ask_executable
from rekamatan.records.counts import record_counts

if TYPE_CHECKING:
    from collections.abc import Callable

ADAPTER_FILE = paths.ETC / "adapter.json"
SOCKET = Path("/run/rekamatan-adapter.sock")
_EXTRA_S = 5.0  # for systemd to start the program behind the socket


@dataclass(frozen=True, slots=True)
class Adapter:
    """`adapter.json`, as role recording_server writes it."""

    command: tuple[str, ...]
    timeout_s: float = 10.0


def load_adapter(path: Path = ADAPTER_FILE) -> Adapter | None:
    """The adapter of another application; None where the reference application records.

    Raises:
        ConfigError: the file is there and wrong; that is not the reference application.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Place(str(path)).error(error.strerror or "unreadable", "apply the role") from error
    adapter = from_plain(Adapter, parse_json(text, str(path)), Place(str(path)))
    if not adapter.command:
        raise Place(str(path), "command").error("empty", "name the adapter's program")
    return adapter


def reference_answers(records: Path = paths.RECORDS) -> Answers:
    """The reference application's own; it is the default adapter.

    Raises:
        RecordError: its ledger cannot be read.
    """
    counts = record_counts(records)
    return Answers(counts.captured, counts.sent, counts.acknowledged, counts.active_captures)


def site_answers(
    adapter_file: Path = ADAPTER_FILE,
    records: Path = paths.RECORDS,
    adapter_socket: Path = SOCKET,
    privileged: Callable[[], bool] = lambda: os.geteuid() == 0,
) -> Answers:
    """What this site's application says now.

    Raises:
        RecordError: it did not say (`UnknownAnswersError`), or the reference ledger is unreadable.
        ConfigError: `adapter.json` is wrong.
    """
    adapter = load_adapter(adapter_file)
    if adapter is None:
        return reference_answers(records)
    if privileged():
        return _ask_socket(adapter_socket, adapter.timeout_s + _EXTRA_S)
    return ask_executable(adapter.command, adapter.timeout_s)


def _ask_socket(path: Path, timeout_s: float) -> Answers:
    deadline = time.monotonic() + timeout_s
    received = b""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout_s)
            connection.connect(str(path))
            while len(received) <= LIMIT_BYTES:
                connection.settimeout(max(0.01, deadline - time.monotonic()))
                chunk = connection.recv(LIMIT_BYTES)
                if not chunk:
                    break
                received += chunk
    except OSError as error:
        hint = "systemctl status rekamatan-adapter.socket; apply role recording_server"
        reason = str(error) or type(error).__name__
        raise UnknownAnswersError(str(path), "ask the adapter", reason, hint) from error
    if not received:
        hint = "run it by hand: sudo -u rekamatan rekamatan records answers"
        raise UnknownAnswersError(str(path), "ask the adapter", "it did not say", hint)
    return parse_answers(received.decode("utf-8", errors="replace"), str(path))

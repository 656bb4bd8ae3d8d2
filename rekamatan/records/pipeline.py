"""Requests over one connection, the next written before the last is answered.

RFC 9112 9.3.2: answers come in the order of the requests. Between two records a connection would
else be idle for a round trip and the far end's fsync: an eighth of the time of a 0.3 MB record over
a satellite. The requests may be repeated (an id stands for the same bytes, and the offset is asked
for after a break), which is what the RFC wants of a client that does this.
"""

from __future__ import annotations

import http.client
import io
import select
import ssl
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from rekamatan.records.uplink import limit_unsent

if TYPE_CHECKING:
    import socket

    from rekamatan.records.uplink import Uplink


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, read to its end."""

    status: int
    headers: http.client.HTTPMessage
    reason: str  # what the far end says about it


class Pipeline:
    """One connection to the data centre; it opens at its first request, and anew after `close`.

    Every method raises `OSError` or `http.client.HTTPException` when the link breaks; each wait is
    bounded by the uplink's stall timer.
    """

    def __init__(self, uplink: Uplink) -> None:
        self._uplink = uplink
        self._socket: ssl.SSLSocket | None = None
        self._answers: _Answers | None = None
        self._methods: deque[str] = deque()  # of the requests that are not answered yet

    @property
    def open(self) -> bool:
        """Whether the next request finds a connection."""
        return self._socket is not None

    @property
    def unanswered(self) -> int:
        """Requests whose answer was not read."""
        return len(self._methods)

    @property
    def stall_s(self) -> float:
        """Seconds of silence after which the link counts as broken."""
        return self._uplink.stall_s

    def request(self, method: str, path: str, headers: dict[str, str]) -> None:
        """Write the head of a request; a body follows by `send`."""
        if self._socket is None:
            self._socket = self._uplink.dial()
            self._answers = _Answers(self._socket)
        host = f"{self._uplink.host}:{self._uplink.port}"
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode("ascii"))
        self._methods.append(method)

    def send(self, chunk: bytes) -> None:
        """Write a piece of the last request's body."""
        if self._socket is None:
            raise BrokenPipeError("the connection was closed by an answer before")
        limit_unsent(self._socket)
        self._socket.sendall(chunk)

    def answered(self, within_s: float = 0.0) -> bool:
        """Whether the oldest request's answer, or the end of the connection, can be read now."""
        if not self._methods or self._socket is None or self._answers is None:
            return False
        if self._peek(self._socket, self._answers):
            return True
        select.select([self._socket], [], [], within_s)
        return self._peek(self._socket, self._answers)

    def answer(self) -> Answer:
        """Read the answer of the oldest request."""
        if self._answers is None or not self._methods:
            raise http.client.ResponseNotReady("the connection was closed by an answer before")
        # All it asks its socket for is `makefile`.
        source = cast("socket.socket", self._answers)
        response = http.client.HTTPResponse(source, method=self._methods.popleft())
        response.begin()
        reason = response.read().decode(errors="replace") or response.reason
        if response.will_close:
            self.close()
        return Answer(response.status, response.headers, reason)

    def close(self) -> None:
        """Hang up, whatever state the flow is in; what was not answered never will be."""
        if self._socket is not None:
            with suppress(OSError):  # a flow that is dead already has nothing more to say
                if self._answers is not None:
                    self._answers.end()
                self._socket.close()
        self._socket = self._answers = None
        self._methods.clear()

    def _peek(self, sock: ssl.SSLSocket, answers: _Answers) -> bool:
        sock.settimeout(0)
        try:
            answers.peek(1)  # nothing, and no complaint: the far end has hung up
        except ssl.SSLWantReadError:
            return False
        finally:
            sock.settimeout(self._uplink.stall_s)
        return True


class _Answers(io.BufferedReader):
    """What `http.client.HTTPResponse` reads from; the bytes of the next answer stay in it."""

    def __init__(self, sock: socket.socket) -> None:
        self._from = sock.makefile("rb", buffering=0)
        super().__init__(self._from)

    def makefile(self, _mode: str) -> _Answers:
        """A response asks its socket for a file: all share this one."""
        return self

    def close(self) -> None:
        """A response closes what it has read to its end: the connection goes on."""

    def end(self) -> None:
        """Close in earnest."""
        self._from.close()

"""The way in from outside: SSH on a loopback port, and the faults that are asked for on the way.

The machine has no network of its own. Its sshd answers on a Unix socket in the shared folder; here
every connection to a port of the loopback is joined with it, and can be cut.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lab.twins.engine.faults import Faults

_CHUNK = 65536
_HANGS_S = 600.0


class Door:
    """Joins a loopback port with the machine's sshd, from `open` to `close`.

    Args:
        folder: shared with the machine.
        faults: what goes wrong.
        noticed: called with each command line before it is run.
    """

    def __init__(self, folder: Path, faults: Faults, noticed: Callable[[str], None]) -> None:
        self._folder = folder
        self.faults = faults
        self._noticed = noticed
        self.port = 0
        self._listening: list[socket.socket] = []
        self._joined: list[socket.socket] = []
        self._closing = threading.Event()

    def open(self) -> None:
        """Listen, on the same port as before."""
        self._closing = threading.Event()
        outside = socket.create_server(("127.0.0.1", self.port), backlog=16)
        self.port = outside.getsockname()[1]
        path = self._folder / "faults.sock"
        path.unlink(missing_ok=True)
        asked = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        asked.bind(str(path))
        asked.listen(16)
        path.chmod(0o666)
        self._listening = [outside, asked]
        for listening, serve in ((outside, self._join), (asked, self._answer)):
            threading.Thread(target=self._accept, args=(listening, serve), daemon=True).start()

    def close(self) -> None:
        """Refuse new connections and cut those there are."""
        self._closing.set()
        for listening in self._listening:
            with contextlib.suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            listening.close()
        self.hang_up()

    def hang_up(self) -> None:
        """Cut every session."""
        for joined in self._joined:
            with contextlib.suppress(OSError):
                joined.shutdown(socket.SHUT_RDWR)
        self._joined.clear()

    def _accept(self, listening: socket.socket, serve: Callable[[socket.socket], None]) -> None:
        while not self._closing.is_set():
            try:
                accepted, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(accepted,), daemon=True).start()

    def _join(self, outside: socket.socket) -> None:
        inside = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with outside, inside, contextlib.suppress(OSError):
            inside.connect(str(self._folder / "ssh.sock"))
            self._joined += [outside, inside]
            other = {outside: inside, inside: outside}
            while True:
                for ready in select.select([outside, inside], [], [])[0]:
                    if not (received := ready.recv(_CHUNK)):
                        return
                    other[ready].sendall(received)

    def _answer(self, asked: socket.socket) -> None:
        with asked, contextlib.suppress(OSError, ValueError):
            message = json.loads(asked.makefile().readline())
            if "done" in message:
                self.hang_up()
            asked.sendall(json.dumps(self._verdict(message.get("command", ""))).encode() + b"\n")

    def _verdict(self, command: str) -> dict[str, str]:
        self._noticed(command)
        if self.faults.hangs(command):
            self._closing.wait(_HANGS_S)
        answer = self.faults.answer(command)
        if answer is not None:
            return {"answer": answer}
        return {"hang_up": "yes"} if command and self.faults.hangs_up(command) else {}

"""A TCP relay on loopback that can be slow, cut, or silent: the carrier of these tests."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

from tests.records.waiting import wait_for


class Relay:
    """Relays to `target_port`; counts what goes up.

    Args:
        bytes_per_s: rate upwards; None is unlimited.
    """

    def __init__(self, target_port: int, bytes_per_s: int | None = None) -> None:
        self.target_port = target_port
        self.bytes_per_s = bytes_per_s
        self.bytes_up = 0
        self.cut_at: int | None = None  # cut once, when so many bytes went up
        self.cuts = 0
        self.answers_pass = threading.Event()  # cleared: what comes down waits here
        self.answers_pass.set()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        # A small window: bytes wait in the sender, not in this machine's socket buffers.
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Reset every connection now; new ones may come."""
        for sock in list(self._open):
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
            self._open.discard(sock)

    def wait_until_sent(self, size: int, timeout_s: float = 20.0) -> None:
        wait_for(
            lambda: self.bytes_up >= size,
            timeout_s,
            lambda: f"only {self.bytes_up} bytes went up",
            every_s=0.01,
        )

    def close(self) -> None:
        self._listener.close()
        self.answers_pass.set()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                below, _ = self._listener.accept()
            except OSError:
                return
            try:
                above = socket.create_connection(("127.0.0.1", self.target_port), timeout=5)
            except OSError:
                below.close()
                continue
            self._open |= {below, above}
            for source, sink, up in ((below, above, True), (above, below, False)):
                threading.Thread(target=self._copy, args=(source, sink, up), daemon=True).start()

    def _copy(self, source: socket.socket, sink: socket.socket, up: bool) -> None:  # noqa: FBT001 - thread target
        with contextlib.suppress(OSError):
            source.settimeout(None)
            while data := source.recv(4096):
                if up:
                    self.bytes_up += len(data)
                    if self.cut_at is not None and self.bytes_up >= self.cut_at:
                        self.cut_at = None
                        self.cuts += 1
                        self.cut()
                    if self.bytes_per_s:
                        time.sleep(len(data) / self.bytes_per_s)  # the link's own pace
                else:
                    self.answers_pass.wait()
                sink.sendall(data)
        for sock in (source, sink):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
            self._open.discard(sock)

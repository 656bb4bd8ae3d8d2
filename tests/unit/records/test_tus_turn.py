"""Whose turn it is: a client that comes back is served, whatever became of its old connection."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from rekamatan.records.tus import TusServer


class ClosedTwice:
    """A TLS transport of Python 3.11.2 after two closes: `asyncio/sslproto.py`, line 247."""

    _ssl_protocol: Any = None

    def abort(self) -> None:
        self._ssl_protocol._abort()


def test_an_old_connection_that_is_closed_already_is_no_error() -> None:
    server = TusServer(None, str, 1)  # type: ignore[arg-type]
    server._newest["office", "record"] = ClosedTwice()  # type: ignore[assignment]
    request: Any = SimpleNamespace(transport=object())

    async def come_back() -> str:
        async with server._turn(request, "record", "office"):
            return "served"

    assert asyncio.run(come_back()) == "served"

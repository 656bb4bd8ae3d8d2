"""DNS relay on the LAN: asks the bearer's servers, whatever the bearer is now."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_PORT = 53
_ANSWER_S = 5.0


class DnsRelay(asyncio.DatagramProtocol):
    """Relays each question to the first server given; without a bearer it stays silent.

    Args:
        servers: the servers of the bearer at this moment.
    """

    def __init__(self, servers: Callable[[], tuple[str, ...]]) -> None:
        self._servers = servers
        self._transport: asyncio.DatagramTransport | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    async def start(cls, address: str, servers: Callable[[], tuple[str, ...]]) -> DnsRelay:
        """Listen on UDP port 53 of the LAN address."""
        loop = asyncio.get_running_loop()
        _, relay = await loop.create_datagram_endpoint(
            lambda: cls(servers), local_addr=(address, _PORT)
        )
        return relay

    def stop(self) -> None:
        """Stop listening."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - asyncio's own signature
        """Listening."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """A question from the LAN."""
        task = asyncio.get_running_loop().create_task(self._relay(data, addr))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _relay(self, question: bytes, asker: tuple[str, int]) -> None:
        for server in self._servers()[:1]:
            with contextlib.suppress(OSError, TimeoutError):
                answer = await asyncio.wait_for(_ask(server, question), _ANSWER_S)
                if self._transport is not None:
                    self._transport.sendto(answer, asker)


class _Answer(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.received: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        del addr
        if not self.received.done():
            self.received.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self.received.done():
            self.received.set_exception(exc)


async def _ask(server: str, question: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(_Answer, remote_addr=(server, _PORT))
    try:
        transport.sendto(question)
        return await protocol.received
    finally:
        transport.close()

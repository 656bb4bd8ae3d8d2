"""The tus 1.0 resumable upload protocol over aiohttp: HTTP in, `Reception` calls out.

Protocol: https://tus.io/protocols/resumable-upload (core; extensions creation,
creation-with-upload, checksum). Termination is not offered: nobody deletes a record by HTTP.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from aiohttp import web

from rekamatan.records.archive import StoredRecord
from rekamatan.records.incoming import PartialUpload, PartialWriter
from rekamatan.records.metadata import Offer
from rekamatan.records.names import is_record_id
from rekamatan.records.peers import certificate_name
from rekamatan.records.receipts import RECEIPT_HEADER
from rekamatan.records.tus_answers import BODY_TYPE, answer_errors, refuse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from rekamatan.records.reception import Reception

READ_TIMEOUT_S = 60.0  # silence after which a connection is given up; the bulk lane pauses <= 40 s
_CHECKSUMS = ("sha1", "sha256")  # tus requires sha1 of a server that offers checksums


class TusServer:
    """HTTP face of one reception.

    Args:
        reception: where the uploads go.
        identify: certificate CN -> owner; raises `RecordError` for a CN without access here.
        max_size: largest record in bytes.
    """

    def __init__(self, reception: Reception, identify: Callable[[str], str], max_size: int) -> None:
        self._reception = reception
        self._identify = identify
        self._max_size = max_size
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._newest: dict[tuple[str, str], asyncio.Transport] = {}  # by owner and id

    def application(self) -> web.Application:
        """The aiohttp application with the routes of tus."""
        app = web.Application(middlewares=[answer_errors])
        app.router.add_route("OPTIONS", "/files/", self._options)
        app.router.add_post("/files/", self._create)
        app.router.add_post("/files/{id}", self._overridden)
        app.router.add_head("/files/{id}", self._offset)
        app.router.add_patch("/files/{id}", self._append)
        return app

    def owner(self, request: web.Request) -> str:
        """Who asks, by the certificate; raises `RefusedError` for one without access here."""
        return self._owner(request)

    async def _options(self, _request: web.Request) -> web.Response:
        headers = {
            "Tus-Version": "1.0.0",
            "Tus-Extension": "creation,creation-with-upload,checksum",
            "Tus-Checksum-Algorithm": ",".join(_CHECKSUMS),
            "Tus-Max-Size": str(self._max_size),
        }
        return web.Response(status=204, headers=headers)

    async def _create(self, request: web.Request) -> web.Response:
        owner = self._owner(request)
        offer = Offer.from_headers(
            request.headers.get("Upload-Length"), request.headers.get("Upload-Metadata")
        )
        if offer.size > self._max_size:
            refuse(413, f"{offer.size} bytes, at most {self._max_size}")
        async with self._turn(request, offer.record_id, owner):
            # Only for a *new* upload does a body begin at offset 0; else the client must ask first.
            known = await asyncio.to_thread(self._reception.look_up, offer.record_id, owner)
            found = await asyncio.to_thread(self._reception.create, offer, owner)
            with_upload = request.content_type == BODY_TYPE
            if known is None and isinstance(found, PartialUpload) and with_upload:
                found = await self._receive(request, found)
        location = {"Location": f"/files/{offer.record_id}"}
        return await self._answer(201, found, location)

    async def _overridden(self, request: web.Request) -> web.Response:
        """tus: `X-HTTP-Method-Override` for clients behind proxies that know only GET and POST."""
        handlers = {"PATCH": self._append, "HEAD": self._offset}
        handler = handlers.get(request.headers.get("X-HTTP-Method-Override", ""))
        if handler is None:
            raise web.HTTPMethodNotAllowed("POST", ["HEAD", "PATCH"])
        return await handler(request)

    async def _offset(self, request: web.Request) -> web.Response:
        record_id, owner = request.match_info["id"], self._owner(request)
        async with self._turn(request, record_id, owner):
            found = await self._look_up(record_id, owner)
        return await self._answer(200, found, {"Cache-Control": "no-store"})

    async def _append(self, request: web.Request) -> web.Response:
        record_id, owner = request.match_info["id"], self._owner(request)
        if request.content_type != BODY_TYPE:
            refuse(415, f"Content-Type must be {BODY_TYPE}")
        async with self._turn(request, record_id, owner):
            found = await self._look_up(record_id, owner)
            if request.headers.get("Upload-Offset") != str(_offset_of(found)):
                refuse(409, f"the offset is {_offset_of(found)}")
            if isinstance(found, PartialUpload):
                found = await self._receive(request, found)
        return await self._answer(204, found, {})

    async def _look_up(self, record_id: str, owner: str) -> PartialUpload | StoredRecord:
        if not is_record_id(record_id):
            refuse(404, "no such upload")
        found = await asyncio.to_thread(self._reception.look_up, record_id, owner)
        return found if found is not None else refuse(404, "no such upload")

    async def _receive(
        self, request: web.Request, partial: PartialUpload
    ) -> PartialUpload | StoredRecord:
        start = partial.offset
        if start + (request.content_length or 0) > partial.offer.size:
            refuse(413, "more bytes than Upload-Length announced")
        checksum = _Checksum(request.headers.get("Upload-Checksum"))
        writer = PartialWriter(partial)
        try:
            await self._copy(request, writer, checksum, partial.offer.size - start)
            if not checksum.matches():
                writer.truncate(start)
                refuse(460, "Upload-Checksum does not match; the chunk was discarded")
        finally:
            # Shielded: what came before a cut stays, also when the server is told to stop.
            await asyncio.shield(asyncio.to_thread(writer.close))
        if partial.complete:
            return await asyncio.to_thread(self._reception.finish, partial)
        return partial

    @staticmethod
    async def _copy(
        request: web.Request, writer: PartialWriter, checksum: _Checksum, room: int
    ) -> None:
        while True:
            async with asyncio.timeout(READ_TIMEOUT_S):
                chunk = await request.content.readany()
            if not chunk:
                return
            room -= len(chunk)
            if room < 0:
                refuse(413, "more bytes than Upload-Length announced")
            checksum.update(chunk)
            if writer.write(chunk):
                await asyncio.to_thread(writer.sync)

    async def _answer(
        self, status: int, found: PartialUpload | StoredRecord, headers: dict[str, str]
    ) -> web.Response:
        headers["Upload-Offset"] = str(_offset_of(found))
        if isinstance(found, StoredRecord):
            headers["Upload-Length"] = str(found.size)
            signed = await asyncio.to_thread(self._reception.receipt, found)
            if signed is not None:
                headers[RECEIPT_HEADER] = signed.to_header()
        else:
            headers["Upload-Length"] = str(found.offer.size)
            headers["Upload-Metadata"] = found.offer.metadata()
        return web.Response(status=status, headers=headers)

    @asynccontextmanager
    async def _turn(self, request: web.Request, record_id: str, owner: str) -> AsyncIterator[None]:
        """One connection at a time for a record, and the newest wins.

        A client that comes back has given up its old connection, which may hang for minutes where
        a NAT forgot it: shut it, wait until its bytes are on the disk, then answer the offset.
        Only its own: nobody shuts another's upload by naming its id.
        """
        transport = request.transport
        if transport is None:
            raise ConnectionResetError("the client went away")
        turn = (owner, record_id)
        older = self._newest.get(turn)
        if older is not None and older is not transport:
            _shut(older)
        self._newest[turn] = transport
        lock = self._locks.setdefault(record_id, asyncio.Lock())
        try:
            async with lock:
                yield
        finally:
            if self._newest.get(turn) is transport:
                del self._newest[turn]

    def _owner(self, request: web.Request) -> str:
        return self._identify(certificate_name(request))


def _shut(transport: asyncio.Transport) -> None:
    """At once, also one that is closed already.

    There Python 3.11.2, which Debian 12 has, forgot its TLS and trips over that (3.11.7 does not).
    """
    with suppress(AttributeError):
        transport.abort()


class _Checksum:
    """`Upload-Checksum` of one request; without the header everything matches."""

    def __init__(self, header: str | None) -> None:
        self._digest = None
        self._wanted = b""
        if header is None:
            return
        algorithm, _, value = header.partition(" ")
        if algorithm not in _CHECKSUMS:
            refuse(400, f"Upload-Checksum must be one of {', '.join(_CHECKSUMS)}")
        try:
            self._wanted = base64.b64decode(value, validate=True)
        except ValueError:
            refuse(400, "Upload-Checksum is not base64")
        self._digest = hashlib.new(algorithm, usedforsecurity=False)

    def update(self, chunk: bytes) -> None:
        if self._digest is not None:
            self._digest.update(chunk)

    def matches(self) -> bool:
        return self._digest is None or self._digest.digest() == self._wanted


def _offset_of(found: PartialUpload | StoredRecord) -> int:
    return found.size if isinstance(found, StoredRecord) else found.offset

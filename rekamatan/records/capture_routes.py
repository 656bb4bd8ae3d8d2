"""The intake's answers about captures, for workstations: docs/workstations.md.

GET    /captures/       may a new capture begin? for a light at the desk
POST   /captures/       {"id": ...}: begin one, or say that it goes on
DELETE /captures/<id>   it was given up
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from aiohttp import web

from rekamatan.errors import RecordError
from rekamatan.records.capture_words import STATUS, WORDS, CaptureStoppedError, Code
from rekamatan.records.captures import ACTIVE_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from rekamatan.records.captures import CaptureDesk

_BODY_BYTES = 1024


class CaptureRoutes:
    """Adds the routes to an application.

    Args:
        desk: who decides.
        owner: request -> the workstation, by its certificate; raises for one without access.
    """

    def __init__(self, desk: CaptureDesk, owner: Callable[[web.Request], str]) -> None:
        self._desk = desk
        self._owner = owner

    def add_to(self, application: web.Application) -> None:
        """Register them."""
        application.router.add_get("/captures/", self._state)
        application.router.add_post("/captures/", self._begin)
        application.router.add_delete("/captures/{id}", self._end)

    async def _state(self, request: web.Request) -> web.Response:
        self._owner(request)
        code = await asyncio.to_thread(self._desk.stopped)
        return _answer(200, code)

    async def _begin(self, request: web.Request) -> web.Response:
        owner, record_id = self._owner(request), await _record_id(request)
        try:
            await asyncio.to_thread(self._desk.begin, record_id, owner)
        except CaptureStoppedError as error:
            return _answer(STATUS[error.code], error.code)
        return _answer(201, None)

    async def _end(self, request: web.Request) -> web.Response:
        owner = self._owner(request)
        await asyncio.to_thread(self._desk.end, request.match_info["id"], owner)
        return web.Response(status=204)


async def _record_id(request: web.Request) -> str:
    if (request.content_length or 0) > _BODY_BYTES:
        raise RecordError("capture", "begin", f"more than {_BODY_BYTES} bytes")
    try:
        members = json.loads(await request.content.read(_BODY_BYTES))
        return str(members["id"])
    except (ValueError, TypeError, KeyError) as error:
        raise RecordError("capture", "begin", 'send {"id": "<record id>"} as JSON') from error


def _answer(status: int, code: Code | None) -> web.Response:
    body: dict[str, object] = {"allowed": code is None, "code": code}
    headers = {"Cache-Control": "no-store"}
    if code is None:
        body["active_s"] = ACTIVE_S
    else:
        body["message"] = {"id": WORDS[code].id, "en": WORDS[code].en}
        headers["Retry-After"] = "15"
    return web.json_response(body, status=status, headers=headers)

"""How refusals look on the wire: status, one sentence, and the headers tus asks for."""

from __future__ import annotations

import errno
import logging
from typing import TYPE_CHECKING, NoReturn

from aiohttp import web

from rekamatan.errors import RecordError, RefusedError
from rekamatan.records.archive import ConflictError, LedgerUnavailableError
from rekamatan.records.capture_words import STATUS, CaptureStoppedError, for_workstations
from rekamatan.records.incoming import DiskFullError
from rekamatan.records.reception import AlteredError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

BODY_TYPE = "application/offset+octet-stream"
_VERSION = "1.0.0"
_CUT = 499  # nginx's word for a client that went away
_log = logging.getLogger(__name__)

# Most specific first: every one of these is a RecordError.
_STATUS: tuple[tuple[type[Exception], int, str], ...] = (
    (ConflictError, 422, "Unprocessable Content"),
    (AlteredError, 460, "Checksum Mismatch"),
    (DiskFullError, 507, "Insufficient Storage"),
    (LedgerUnavailableError, 503, "Service Unavailable"),
    (RefusedError, 403, "Forbidden"),
    (RecordError, 400, "Bad Request"),
    (TimeoutError, 408, "Request Timeout"),
)


class AnswerError(Exception):
    """Ends a request with a status; not an error of ours."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def refuse(status: int, text: str) -> NoReturn:
    """Answer the request with `status` and one sentence."""
    raise AnswerError(status, text)


@web.middleware
async def answer_errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Check the protocol version and turn typed errors into answers."""
    response: web.StreamResponse
    is_tus = request.path.startswith("/files/") and request.method != "OPTIONS"
    if is_tus and request.headers.get("Tus-Resumable") != _VERSION:
        response = web.Response(status=412, headers={"Tus-Version": _VERSION})
    else:
        response = await _answered(request, handler)
    response.headers["Tus-Resumable"] = _VERSION
    return response


async def _answered(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as refusal:  # routing: 404, 405
        return web.Response(status=refusal.status, text=refusal.reason, headers=_allow(refusal))
    except AnswerError as refusal:
        return web.Response(status=refusal.status, text=str(refusal))
    except OSError as error:
        if isinstance(error, (ConnectionError, TimeoutError)):
            return _known(request, error)
        return _disk_error(request, error)
    except (RecordError, RefusedError) as error:
        return _known(request, error)


def _known(request: web.Request, error: Exception) -> web.Response:
    if isinstance(error, ConnectionError):
        # Every cut of a link ends here: one line, and an answer that nobody will read.
        _log.info("%s %s: cut by the other end", request.method, request.path)
        return web.Response(status=_CUT)
    if isinstance(error, CaptureStoppedError):
        return _stopped(request, error)
    status, reason = next((s, r) for kind, s, r in _STATUS if isinstance(error, kind))
    _log.warning("%s %s: %d %s", request.method, request.path, status, error)
    headers = {"Retry-After": "15"} if status in {503, 507} else {}
    return web.Response(status=status, reason=reason, text=str(error), headers=headers)


def _stopped(request: web.Request, error: CaptureStoppedError) -> web.Response:
    """Sentences that a workstation can show where a person waits, then what we know."""
    _log.warning("%s %s: %s", request.method, request.path, error)
    text = f"{for_workstations(error.code)}{error.reason}\n"
    return web.Response(status=STATUS[error.code], text=text, headers={"Retry-After": "15"})


def _disk_error(request: web.Request, error: OSError) -> web.Response:
    """A full disk is an answer; anything else is a fault of this server and says so."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        _log.error("%s %s: no space left", request.method, request.path)
        return web.Response(status=507, text="no space left", headers={"Retry-After": "15"})
    raise error


def _allow(refusal: web.HTTPException) -> dict[str, str]:
    allowed = refusal.headers.get("Allow")
    return {"Allow": allowed} if allowed else {}

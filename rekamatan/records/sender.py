"""Sends one record to the data centre: ask for the offset, append the rest, take the receipt."""

from __future__ import annotations

import http.client
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from rekamatan.errors import RecordError
from rekamatan.records.receipts import RECEIPT_HEADER, SignedReceipt

if TYPE_CHECKING:
    from collections.abc import Callable

    from rekamatan.records.metadata import Offer
    from rekamatan.records.uplink import UplinkConnection

WRITE_BYTES = 8 * 1024  # the bulk lane looks for a fresh record between two of these
_BODY_TYPE = "application/offset+octet-stream"
PROTOCOL = {"Tus-Resumable": "1.0.0"}
_CREATED, _OK, _NO_CONTENT = 201, 200, 204
_NOT_FOUND, _CONFLICT = 404, 409


class LinkBrokenError(RecordError):
    """The link, or the far end, went away; what arrived stays there. Try again."""


class RefusedUploadError(RecordError):
    """The data centre answered and does not take the record now; `status` says why."""

    def __init__(self, record_id: str, status: int, reason: str) -> None:
        super().__init__(record_id, "upload", f"HTTP {status}: {reason}")
        self.status = status


@dataclass(slots=True)
class Progress:
    """What one attempt did; read also after it failed."""

    offset: int = 0  # what the data centre had when it last told
    bytes_sent: int = 0  # payload bytes handed to the kernel


@dataclass(frozen=True, slots=True)
class Sender:
    """One attempt for one record over one connection.

    `before_write` is called between two writes: a lane yields there, a deadline raises there.
    """

    connection: UplinkConnection
    offer: Offer
    body: BinaryIO
    progress: Progress
    before_write: Callable[[], None] = lambda: None

    def send(self, *, tried_before: bool) -> SignedReceipt:
        """Bring the record over; returns its receipt, not yet verified.

        Raises:
            LinkBrokenError: cut, stalled or not connected.
            RefusedUploadError: the data centre said no.
        """
        try:
            response = self._offset() if tried_before else self._create()
            if response.status == _NOT_FOUND:
                response = self._create()
            for _ in range(2):  # a second round when creation found a part, or the offset moved
                receipt = self._receipt(response)
                if receipt is not None:
                    return receipt
                response = self._append(self.progress.offset)
                if response.status == _CONFLICT:
                    response = self._offset()
            receipt = self._receipt(response)
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            reason = str(error) or type(error).__name__
            raise LinkBrokenError(self.offer.record_id, "upload", reason) from error
        if receipt is None:
            raise RefusedUploadError(self.offer.record_id, response.status, "no receipt")
        return receipt

    def _create(self) -> http.client.HTTPResponse:
        """POST with the whole body: a new record costs one round trip."""
        headers = {
            "Upload-Length": str(self.offer.size),
            "Upload-Metadata": self.offer.metadata(),
        }
        return self._exchange("POST", "/files/", headers, start=0)

    def _offset(self) -> http.client.HTTPResponse:
        return self._exchange("HEAD", f"/files/{self.offer.record_id}", {}, start=None)

    def _append(self, offset: int) -> http.client.HTTPResponse:
        headers = {"Upload-Offset": str(offset)}
        return self._exchange("PATCH", f"/files/{self.offer.record_id}", headers, start=offset)

    def _exchange(
        self, method: str, path: str, headers: dict[str, str], start: int | None
    ) -> http.client.HTTPResponse:
        length = 0 if start is None else self.offer.size - start
        self.connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in {**PROTOCOL, **headers}.items():
            self.connection.putheader(name, value)
        if start is not None:
            self.connection.putheader("Content-Type", _BODY_TYPE)
            self.connection.putheader("Content-Length", str(length))
        self.connection.endheaders()
        if start is not None:
            self._write_body(start)
        response = self.connection.getresponse()
        reason = response.read().decode(errors="replace") or response.reason
        if response.status not in {_OK, _CREATED, _NO_CONTENT, _NOT_FOUND, _CONFLICT}:
            if length:  # an early refusal leaves unread bytes behind: not fit for another request
                self.connection.close()
            raise RefusedUploadError(self.offer.record_id, response.status, reason)
        return response

    def _write_body(self, start: int) -> None:
        """Write until done; when the far end answers early and closes, its answer is read next."""
        self.body.seek(start)
        while chunk := self.body.read(WRITE_BYTES):
            self.before_write()
            try:
                self.connection.send(chunk)
            except (BrokenPipeError, ConnectionResetError):
                return
            self.progress.bytes_sent += len(chunk)

    def _receipt(self, response: http.client.HTTPResponse) -> SignedReceipt | None:
        offset = response.headers.get("Upload-Offset")
        if offset is not None and offset.isdigit():
            self.progress.offset = int(offset)
        value = response.headers.get(RECEIPT_HEADER)
        return None if value is None else SignedReceipt.from_header(value)

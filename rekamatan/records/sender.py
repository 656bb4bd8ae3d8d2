"""Sends one record to the data centre: ask for the offset, append the rest, take the receipt."""

from __future__ import annotations

import http.client
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from rekamatan.errors import RecordError
from rekamatan.records.receipts import RECEIPT_HEADER, SignedReceipt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rekamatan.records.metadata import Offer
    from rekamatan.records.pipeline import Answer, Pipeline

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


@dataclass(slots=True)
class Sender:
    """One attempt for one record over one connection: `send`, or `begin` and later `finish`.

    `before_write` is called between two writes: a lane yields there, a deadline raises there.

    All raise:
        LinkBrokenError: cut, stalled or not connected.
        RefusedUploadError: the data centre said no.
    """

    pipeline: Pipeline
    offer: Offer
    body: BinaryIO
    progress: Progress
    before_write: Callable[[], None] = lambda: None

    def send(self, *, tried_before: bool) -> SignedReceipt:
        """Bring the record over; returns its receipt, not yet verified."""
        self.begin(tried_before=tried_before)
        return self.finish()

    def begin(self, *, tried_before: bool) -> None:
        """Write what needs no answer first: the whole record, unless a part may be there already.

        Another record may be begun before this one is finished, on the same pipeline, in order.
        """
        with self._broken_link():
            if tried_before:
                self._request("HEAD", self._path, {})
            else:
                self._create()

    def finish(self) -> SignedReceipt:
        """Take the answer, and do what is left to do; the requests before it are answered."""
        with self._broken_link():
            answer = self._answer()
            if answer.status == _NOT_FOUND:
                answer = self._ask(self._create)
            for _ in range(2):  # a second round when creation found a part, or the offset moved
                receipt = self._receipt(answer)
                if receipt is not None:
                    return receipt
                answer = self._ask(self._append)
                if answer.status == _CONFLICT:
                    answer = self._ask(lambda: self._request("HEAD", self._path, {}))
            receipt = self._receipt(answer)
        if receipt is None:
            raise RefusedUploadError(self.offer.record_id, answer.status, "no receipt")
        return receipt

    @property
    def _path(self) -> str:
        return f"/files/{self.offer.record_id}"

    def _ask(self, request: Callable[[], None]) -> Answer:
        if self.pipeline.unanswered:  # the next answer would be another record's
            raise BrokenPipeError("more must be said than was foreseen; it starts again")
        request()
        return self._answer()

    def _create(self) -> None:
        """POST with the whole body: a new record costs one round trip."""
        headers = {
            "Upload-Length": str(self.offer.size),
            "Upload-Metadata": self.offer.metadata(),
        }
        self._request("POST", "/files/", headers, start=0)

    def _append(self) -> None:
        offset = self.progress.offset
        self._request("PATCH", self._path, {"Upload-Offset": str(offset)}, start=offset)

    def _request(
        self, method: str, path: str, headers: dict[str, str], start: int | None = None
    ) -> None:
        body = {}
        if start is not None:
            body = {"Content-Type": _BODY_TYPE, "Content-Length": str(self.offer.size - start)}
        self.pipeline.request(method, path, {**PROTOCOL, **headers, **body})
        if start is not None:
            self._write_body(start)

    def _write_body(self, start: int) -> None:
        """Write until done; when the far end answers early and closes, its answer is read next."""
        self.body.seek(start)
        while chunk := self.body.read(WRITE_BYTES):
            self.before_write()
            try:
                self.pipeline.send(chunk)
            except (BrokenPipeError, ConnectionResetError):
                return
            self.progress.bytes_sent += len(chunk)

    def _answer(self) -> Answer:
        answer = self.pipeline.answer()
        if answer.status not in {_OK, _CREATED, _NO_CONTENT, _NOT_FOUND, _CONFLICT}:
            # An early refusal leaves unread bytes behind: not fit for another request.
            self.pipeline.close()
            raise RefusedUploadError(self.offer.record_id, answer.status, answer.reason)
        return answer

    def _receipt(self, answer: Answer) -> SignedReceipt | None:
        offset = answer.headers.get("Upload-Offset")
        if offset is not None and offset.isdigit():
            self.progress.offset = int(offset)
        value = answer.headers.get(RECEIPT_HEADER)
        return None if value is None else SignedReceipt.from_header(value)

    @contextmanager
    def _broken_link(self) -> Iterator[None]:
        try:
            yield
        except (OSError, http.client.HTTPException) as error:
            self.pipeline.close()
            reason = str(error) or type(error).__name__
            raise LinkBrokenError(self.offer.record_id, "upload", reason) from error

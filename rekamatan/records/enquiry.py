"""What a site asks the data centre about its own records, and what it tells of them."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from rekamatan.errors import RecordError
from rekamatan.records.digests import Item
from rekamatan.records.receipts import RECEIPT_HEADER, SignedReceipt
from rekamatan.records.sender import PROTOCOL, LinkBrokenError

if TYPE_CHECKING:
    from rekamatan.records.uplink import UplinkConnection

_OK, _NOT_FOUND, _CONFLICT = 200, 404, 409
# A page of 200 receipts is about 70 KB; an answer larger than this is not the data centre's.
_LARGEST_ANSWER = 16 * 1024 * 1024


class LedgerSetBackError(RecordError):
    """The data centre's ledger does not know the cursor: it was restored from an older backup."""


@dataclass(frozen=True, slots=True)
class Enquiry:
    """Questions over one connection; every one raises `LinkBrokenError` when it breaks."""

    connection: UplinkConnection

    def receipts_after(self, cursor: str) -> tuple[list[SignedReceipt], str]:
        """The next receipts, not yet verified, and the cursor behind them; none left: empty.

        Raises:
            LedgerSetBackError: start again at cursor "".
        """
        status, text = self._get("/receipts", after=cursor)
        if status == _CONFLICT:
            raise LedgerSetBackError("data centre", "read receipts", text)
        answer = _object(status, text)
        try:
            receipts = [SignedReceipt.from_json(json.dumps(r)) for r in answer["receipts"]]
            return receipts, str(answer["cursor"])
        except (KeyError, TypeError) as error:
            raise _malformed(text) from error

    def digests(self) -> dict[str, str]:
        """Bucket -> digest of what the data centre holds of this site."""
        status, text = self._get("/digests")
        return {str(bucket): str(digest) for bucket, digest in _object(status, text).items()}

    def items(self, bucket: str) -> list[Item]:
        """One bucket's records at the data centre."""
        status, text = self._get("/items", bucket=bucket)
        try:
            return [Item(str(i), str(h), int(size)) for i, h, size in _read(status, text)]
        except (TypeError, ValueError) as error:
            raise _malformed(text) from error

    def receipt_of(self, record_id: str) -> SignedReceipt | None:
        """The receipt of one record; None when it is not, or not wholly, at the data centre."""
        response = self._request("HEAD", f"/files/{record_id}")
        value = response.headers.get(RECEIPT_HEADER)
        if response.status not in {_OK, _NOT_FOUND}:
            raise RecordError(record_id, "ask for its receipt", f"HTTP {response.status}")
        return None if value is None else SignedReceipt.from_header(value)

    def tell_digests(self, answer: dict[str, Any]) -> list[str]:
        """Give account of this site's ledger; the buckets that have to be listed."""
        found = _object(*self._put("/account", answer)).get("buckets")
        if not isinstance(found, list):
            raise _malformed(str(found))
        return [str(bucket) for bucket in found]

    def tell_bucket(self, bucket: str, listed: dict[str, Any]) -> None:
        """List one bucket that was asked for."""
        _object(*self._put(f"/account?{urlencode({'bucket': bucket})}", listed))

    def _put(self, path: str, members: dict[str, Any]) -> tuple[int, str]:
        response = self._request("PUT", path, json.dumps(members).encode())
        return response.status, self._body(response)

    def _get(self, path: str, **query: str) -> tuple[int, str]:
        response = self._request("GET", f"{path}?{urlencode(query)}" if query else path)
        return response.status, self._body(response)

    def _request(
        self, method: str, path: str, body: bytes | None = None
    ) -> http.client.HTTPResponse:
        try:
            self.connection.request(method, path, body=body, headers=PROTOCOL)
            response = self.connection.getresponse()
            if method == "HEAD":
                response.read()
        except (OSError, http.client.HTTPException) as error:
            raise self._broken(error) from error
        return response

    def _body(self, response: http.client.HTTPResponse) -> str:
        try:
            text = response.read(_LARGEST_ANSWER)
        except (OSError, http.client.HTTPException) as error:
            raise self._broken(error) from error
        if not response.isclosed():
            self.connection.close()
            raise RecordError("data centre", "answer", f"more than {_LARGEST_ANSWER} bytes")
        return text.decode(errors="replace")

    def _broken(self, error: Exception) -> LinkBrokenError:
        self.connection.close()
        return LinkBrokenError("data centre", "ask", str(error) or type(error).__name__)


def _read(status: int, text: str) -> Any:  # noqa: ANN401 - JSON of whoever answered
    if status != _OK:
        raise RecordError("data centre", "ask", f"HTTP {status}: {text[:200]}")
    try:
        return json.loads(text)
    except ValueError as error:
        raise _malformed(text) from error


def _object(status: int, text: str) -> dict[str, Any]:
    found = _read(status, text)
    if not isinstance(found, dict):
        raise _malformed(text)
    return found


def _malformed(text: str) -> RecordError:
    hint = "is it the same version as this server's?"
    return RecordError("data centre", "answer", f"not understood: {text[:80]!r}", hint)

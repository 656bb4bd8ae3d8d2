"""A record-sized test: random bytes, acknowledged by the data centre like a person's record.

It takes the same durable path and gets a real signed receipt, but its id begins with `canary-`:
the data centre never counts it and deletes it after a day.
"""

from __future__ import annotations

import hashlib
import io
import os
import uuid
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rekamatan.errors import RecordError
from rekamatan.records.metadata import Offer
from rekamatan.records.pipeline import Pipeline
from rekamatan.records.receipts import ReceiptVerifier, SignedReceipt
from rekamatan.records.sender import LinkBrokenError, Progress, RefusedUploadError, Sender
from rekamatan.records.uplink import Uplink, open_uplink

if TYPE_CHECKING:
    from pathlib import Path

    from rekamatan.clock import Clock
    from rekamatan.models import Site

_RETRY_S = 1.0
_LONGEST_STALL_S = 25.0
_BUSY = 500  # from here on the data centre is at fault, not the canary: try again


@dataclass(frozen=True, slots=True)
class CanaryResult:
    """A canary the data centre acknowledged."""

    receipt_id: str
    seconds: float  # from opening the connection to holding the verified receipt
    bytes_sent: int  # payload bytes, those sent again after a cut included
    throughput_kbps: float  # payload over `seconds`; 1000 bits


def send_canary(  # noqa: PLR0913 - keyword-only, each one the caller's to decide
    site: Site,
    size_bytes: int,
    *,
    tls_dir: Path,
    source_address: str | None,
    timeout_s: float,
    clock: Clock,
) -> CanaryResult:
    """Upload `size_bytes` random bytes from `source_address` and wait for the signed receipt.

    A cut within `timeout_s` is resumed, not failed.

    Raises:
        RecordError: no verified receipt within `timeout_s`; the reason says what was in the way.
        ConfigError: the TLS files or the site's settings are wrong.
    """
    verifier = ReceiptVerifier.of_site(site)
    started = clock.monotonic()
    uplink = open_uplink(
        site.data_centre.ingest_url, tls_dir, min(_LONGEST_STALL_S, timeout_s), source_address
    )
    attempt = _Attempt(uplink, os.urandom(size_bytes), started + timeout_s, clock)
    signed = attempt.run()
    offer = attempt.offer
    verifier.check(signed, record_id=offer.record_id, sha256=offer.sha256, size=offer.size)
    seconds = clock.monotonic() - started
    kbps = round(size_bytes * 8 / seconds / 1000, 1)
    return CanaryResult(offer.record_id, seconds, attempt.progress.bytes_sent, kbps)


class _Attempt:
    """One canary, over as many connections as the deadline allows."""

    def __init__(self, uplink: Uplink, payload: bytes, deadline: float, clock: Clock) -> None:
        self.offer = Offer(
            f"canary-{uuid.uuid4()}", hashlib.sha256(payload).hexdigest(), len(payload)
        )
        self.progress = Progress()
        self._uplink = uplink
        self._payload = payload
        self._deadline = deadline
        self._clock = clock

    def run(self) -> SignedReceipt:
        """Try until acknowledged or out of time."""
        tried_before = False
        while True:
            try:
                return self._send(tried_before=tried_before)
            except (LinkBrokenError, RefusedUploadError) as error:
                refused = isinstance(error, RefusedUploadError) and error.status < _BUSY
                if refused or self._remaining() <= _RETRY_S:
                    raise
                tried_before = True
                self._clock.sleep(_RETRY_S)

    def _send(self, *, tried_before: bool) -> SignedReceipt:
        bounded = replace(self._uplink, stall_s=min(self._uplink.stall_s, self._remaining()))
        with closing(Pipeline(bounded)) as pipeline, io.BytesIO(self._payload) as body:
            sender = Sender(pipeline, self.offer, body, self.progress, self._check_deadline)
            return sender.send(tried_before=tried_before)

    def _check_deadline(self) -> None:
        self._remaining()

    def _remaining(self) -> float:
        """Seconds left; raises when there are none."""
        remaining = self._deadline - self._clock.monotonic()
        if remaining <= 0:
            raise RecordError(
                self.offer.record_id,
                "send canary",
                f"no receipt in time; {self.progress.bytes_sent} bytes went out",
                "the link is slower than the gate allows, or the data centre does not answer",
            )
        return remaining

"""The server against requests that no client sends: each is answered, or its connection closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.records.hostile import RawClient, everything_below, metadata
from tests.records.services import BODY

if TYPE_CHECKING:
    from tests.records.conftest import Intake

LEAST_SHARED = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow)


METHODS = st.sampled_from(["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS", "TRACE"])
TOKENS = st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=60)
NAMES = st.sampled_from(
    [
        *("Upload-Length", "Upload-Offset", "Upload-Metadata", "Upload-Checksum", "Content-Type"),
        *("X-HTTP-Method-Override", "Upload-Defer-Length", "Upload-Concat", "Expect", "Range"),
        *("Transfer-Encoding", "Connection", "Upgrade", "Content-Encoding"),
    ]
)
VALUES = st.one_of(
    TOKENS,
    st.integers(-(1 << 70), 1 << 70).map(str),
    st.sampled_from([BODY, "chunked", "sha1 AAAA", "sha256 %%%", "PATCH", "100-continue", "close"]),
    st.builds(lambda i, h: metadata(id=i, sha256=h), TOKENS, TOKENS),
)
TARGETS = st.one_of(
    st.just("/files/"),
    st.sampled_from([f"/files/{'0' * 8}-aaaa", "/receipts?after=1", "/items?bucket=zz", "*"]),
    TOKENS.map(lambda text: "/files/" + text.replace(" ", "")),
)


def test_random_requests_are_answered_or_closed(besieged: Intake) -> None:
    """Each example is one connection with one request that grammar allows and no client sends."""
    before = everything_below(besieged.directory)

    @settings(max_examples=150, deadline=None, suppress_health_check=LEAST_SHARED, derandomize=True)
    @given(METHODS, TARGETS, st.dictionaries(NAMES, VALUES, max_size=5), st.binary(max_size=200))
    def attack(method: str, target: str, headers: dict[str, str], body: bytes) -> None:
        head = "\n".join(
            [f"{method} {target} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
        )
        if "Transfer-Encoding" not in headers:
            head += f"\nContent-Length: {len(body)}"
        lines = [*head.splitlines(), "Host: x", "Tus-Resumable: 1.0.0", "Connection: close"]
        with RawClient(besieged.port, besieged.authority) as client:
            client.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
            client.close_writing()
            status = client.status()
        assert status == 0 or 100 <= status < 500 or status in {501, 505, 507}, (status, head)

    attack()
    new = everything_below(besieged.directory) - before
    assert all(name.startswith("incoming/") for name in new), new


def test_random_bytes_instead_of_http_are_closed(besieged: Intake) -> None:
    @settings(max_examples=60, deadline=None, suppress_health_check=LEAST_SHARED, derandomize=True)
    @given(st.binary(min_size=1, max_size=500))
    def attack(content: bytes) -> None:
        with RawClient(besieged.port, besieged.authority) as client:
            client.send(content + b"\r\n\r\n")
            client.close_writing()
            assert client.status() in {0, 400, 404, 405, 412}

    attack()

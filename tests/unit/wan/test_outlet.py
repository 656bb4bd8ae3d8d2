"""The outlet, against a real HTTP server on loopback."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from rekamatan.agent import runtime
from rekamatan.agent.outlet import HttpOutlet
from rekamatan.errors import DeviceError
from rekamatan.models import Outlet
from tests.unit.wan import simulation as sim

if TYPE_CHECKING:
    from collections.abc import Iterator


class Shelly(BaseHTTPRequestHandler):
    asked: list[str] = []  # noqa: RUF012 - of the one server of a test
    status = 200

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def host() -> Iterator[str]:
    Shelly.asked, Shelly.status = [], 200
    server = HTTPServer(("127.0.0.1", 0), Shelly)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("outlet", "expected"),
    [
        (("shelly1", 0), "/relay/0?turn=off&timer=10"),
        (("shelly2", 1), "/rpc/Switch.Set?id=1&on=false&toggle_after=10"),
    ],
)
def test_the_outlet_is_told_to_come_back_by_itself(
    outlet: tuple[str, int], expected: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")  # a proxy has no say on the LAN
    HttpOutlet(Outlet(outlet[0], host, outlet[1])).cycle()  # type: ignore[arg-type]
    assert Shelly.asked == [expected]


def test_an_outlet_that_says_no_or_nothing_is_an_error(host: str) -> None:
    Shelly.status = 401
    with pytest.raises(DeviceError, match="401"):
        HttpOutlet(Outlet("shelly1", host)).cycle()
    with pytest.raises(DeviceError, match="refused"):
        HttpOutlet(Outlet("shelly1", "127.0.0.1:1")).cycle()


def test_the_transaction_is_given_the_outlet_of_its_site(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = sim.World()
    monkeypatch.setattr(runtime, "driver", lambda *_: nullcontext(world.modem))
    with runtime.ports(world.site) as without:
        assert without.outlet is None
    with runtime.ports(replace(world.site, modem_outlet=Outlet("shelly1", host, 2))) as ports:
        assert ports.outlet is not None
        ports.outlet.cycle()
    assert Shelly.asked == ["/relay/2?turn=off&timer=10"]

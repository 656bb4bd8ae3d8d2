"""The reference: one iperf3 flow upwards, with the congestion control the forwarder uses."""

from __future__ import annotations

import json
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.soak.nodes import CENTRE_ADDRESS, HUB

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.soak.nodes import Office

_FIRST_PORT = 5201
_PATIENCE_S = 180.0  # its control connection crosses the impaired link too


def iperf3_installed() -> bool:
    return shutil.which("iperf3") is not None


@contextmanager
def reference_servers(offices: Sequence[Office]) -> Iterator[None]:
    """One server for each office: iperf3 serves one client at a time."""
    servers = [
        subprocess.Popen(
            ["ip", "netns", "exec", HUB, "iperf3", "-s", "-B", CENTRE_ADDRESS, "-p", _port(office)],
            stdout=subprocess.DEVNULL,
        )
        for office in offices
    ]
    try:
        yield
    finally:
        for server in servers:
            server.kill()
            server.wait()


def reference_bytes(office: Office, seconds: float, warm_s: float) -> float:
    """What arrived at the far end within `seconds`, after a start of `warm_s` that is left out."""
    argv = ["ip", "netns", "exec", office.namespace, "iperf3", "-J", "-c", CENTRE_ADDRESS]
    argv += ["-p", _port(office), "-C", "bbr", "-t", f"{seconds:.0f}", "-O", f"{warm_s:.0f}"]
    for _ in range(3):  # its control connection may fall into an outage: the flow is asked for anew
        done = subprocess.run(
            argv, check=False, capture_output=True, timeout=seconds + warm_s + _PATIENCE_S
        )
        answer: dict[str, Any] = json.loads(done.stdout or b"{}")
        if "error" not in answer and "end" in answer:
            return float(answer["end"]["sum_received"]["bits_per_second"]) / 8 * seconds
    raise RuntimeError(f"iperf3 on {office.profile}: {answer.get('error', 'no answer')}")


def _port(office: Office) -> str:
    return str(_FIRST_PORT + office.number)

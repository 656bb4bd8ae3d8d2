"""The WireGuard tunnel: after the bearer moved the site must speak first.

The hub learns the site's new address only from a packet of the site; waiting for the keepalive
costs seconds of outage (https://www.wireguard.com/#built-in-roaming).
"""

from __future__ import annotations

import ipaddress
import time
from typing import TYPE_CHECKING

from rekamatan.models import Probe
from rekamatan.verify.command import NOT_FOUND, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from rekamatan.verify.command import Runner

SPEAK_FOR_S = 20.0  # WireGuard repeats an unanswered handshake every 5 s


def hub_address(allowed_ips: str) -> str | None:
    """Pure: the far end: the first host of the first network of `wg show IF allowed-ips`."""
    for line in allowed_ips.splitlines():
        for word in line.split()[1:]:
            try:
                network = ipaddress.IPv4Network(word, strict=False)
            except ValueError:
                continue
            return str(next(iter(network.hosts()), network.network_address))
    return None


def hub_of(interface: str, runner: Runner) -> str | None:
    """The far end of the tunnel on this machine; None when there is none to ask about."""
    return hub_address(runner(["wg", "show", interface, "allowed-ips"], 5.0).out)


def handshake_age_s(latest_handshakes: str, wall_s: float) -> float | None:
    """Pure: seconds since the newest handshake, from `wg show IF latest-handshakes`."""
    stamps = [int(line.split()[-1]) for line in latest_handshakes.splitlines() if line.split()]
    newest = max(stamps, default=0)
    return max(0.0, wall_s - newest) if newest else None


def speak(interface: str, runner: Runner, monotonic: Callable[[], float]) -> bool | None:
    """Ping the hub through the tunnel until it answers; None when there is nothing to ping."""
    hub = hub_of(interface, runner)
    if hub is None:
        return None
    until = monotonic() + SPEAK_FOR_S
    while True:
        started = monotonic()
        argv = ["ping", "-n", "-q", "-c", "3", "-i", "0.5", "-W", "2", "-I", interface, hub]
        if runner(argv, 8.0).code == 0:
            return True
        if monotonic() >= until or monotonic() == started:
            return False


def probe_tunnel(
    interface: str,
    limit_s: float,
    runner: Runner = run,
    monotonic: Callable[[], float] = time.monotonic,
) -> Probe:
    """Speak, then look how old the handshake is.

    An answer through the tunnel proves a handshake of the last 180 s (WireGuard's
    Reject-After-Time, https://www.wireguard.com/papers/wireguard.pdf, 6.1). Its age is told by the
    wall clock, which may have been set since: it never speaks against an answer.
    """
    if not interface:
        return Probe("tunnel", ok=None, detail="this site has no tunnel", essential=False)
    answered = speak(interface, runner, monotonic)
    shown = runner(["wg", "show", interface, "latest-handshakes"], 5.0)
    if shown.code == NOT_FOUND:
        return Probe("tunnel", ok=None, detail=shown.err)
    age = handshake_age_s(shown.out, time.time())
    fresh = age is not None and age <= limit_s
    detail = "" if answered else "the hub does not answer through the tunnel"
    if answered and not fresh:
        detail = "the hub answers; by this age the clock was set since the handshake"
    return Probe(
        "tunnel",
        ok=bool(answered),
        value=round(age) if age is not None else None,
        unit="s",
        limit=limit_s,
        detail=detail,
    )

"""The gate on a real link: runs the probe families, cheap ones first, independent ones at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from rekamatan.errors import DeviceError
from rekamatan.models import GateResult, Probe
from rekamatan.quiet import silence
from rekamatan.verify.canary import probe_canary, skipped
from rekamatan.verify.clock import probe_clock
from rekamatan.verify.command import run
from rekamatan.verify.dns import probe_dns
from rekamatan.verify.gate import (
    decide,
    only_demand_what_passed,
    patience_s,
    throughput_limit_kbps,
)
from rekamatan.verify.mtu import probe_mtu
from rekamatan.verify.ping import probe_ping
from rekamatan.verify.registration import probe_registration
from rekamatan.verify.route import probe_route
from rekamatan.verify.tcp import probe_tcp
from rekamatan.verify.tunnel import probe_tunnel

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from rekamatan.clock import Clock
    from rekamatan.models import ModemState, Site, WanProfile
    from rekamatan.verify.canary import CanaryReceipt
    from rekamatan.verify.command import Runner
    from rekamatan.verify.store import BaselineStore

Measured = tuple[Probe, ...]


class LinkGate:
    """Measures the active link of one site.

    Args:
        site: desired state: data centre, tunnel, limits.
        read_state: a fresh reading of the modem.
        send_canary: sends so many bytes within so many seconds from an address of ours (empty: the
            route chooses), and returns the receipt.
        store: where baselines are kept.
        clock: deadlines and labels.
        tls_dir: the district's CA and this site's client certificate.
        runner: runs `ping`, `wg`, `getent`.
        silence: keeps the office's own records off the link while it is measured.
    """

    def __init__(  # noqa: PLR0913 - one port each, all by name
        self,
        *,
        site: Site,
        read_state: Callable[[], ModemState],
        send_canary: Callable[[int, float, str], CanaryReceipt],
        store: BaselineStore,
        clock: Clock,
        tls_dir: Path,
        runner: Runner = run,
        silence: Callable[[], AbstractContextManager[None]] = silence,
    ) -> None:
        self._site = site
        self._read_state = read_state
        self._send_canary = send_canary
        self._store = store
        self._clock = clock
        self._tls_dir = tls_dir
        self._runner = runner
        self._silence = silence

    def baseline(self, profile: WanProfile) -> GateResult:
        """The active link before a change; measured at most once an hour."""
        if fresh := self._store.fresh(profile.name):
            return fresh
        result = self.check(profile, None, canary=True, within_s=patience_s(profile.limits))
        self._store.keep(result)
        return result

    def check(
        self, profile: WanProfile, baseline: GateResult | None, *, canary: bool, within_s: float
    ) -> GateResult:
        """Measure and decide; the canary must be through within `within_s` seconds from now."""
        limit = throughput_limit_kbps(profile.limits, baseline)
        started, began = self._stamp()
        probes = self._measure(profile, limit, canary=canary, until=began + within_s)
        return decide(profile.name, probes, started, self._clock.monotonic() - began)

    def check_beside(
        self, profile: WanProfile, baseline: GateResult | None, source: str, within_s: float
    ) -> GateResult:
        """Measure another bearer from `source`, while the active one carries the office's traffic.

        Not measured: what belongs to the active bearer (registration, route, the tunnel).
        """
        limit = throughput_limit_kbps(profile.limits, baseline)
        started, began = self._stamp()
        probes = self._with_canary(self._at_once(profile, source), limit, began + within_s, source)
        return decide(profile.name, probes, started, self._clock.monotonic() - began)

    def check_restored(
        self, profile: WanProfile, baseline: GateResult | None, within_s: float
    ) -> GateResult:
        """After a rollback: against the old link's own baseline, and only what passed there."""
        limit = throughput_limit_kbps(profile.limits, baseline)
        started, began = self._stamp()
        probes = self._measure(profile, limit, canary=True, until=began + within_s)
        demanded = only_demand_what_passed(probes, baseline)
        return decide(profile.name, demanded, started, self._clock.monotonic() - began)

    def remember(self, result: GateResult) -> None:
        """A passed gate is the next baseline of its profile."""
        self._store.keep(result)

    def _stamp(self) -> tuple[str, float]:
        return self._clock.wall().isoformat(timespec="seconds"), self._clock.monotonic()

    def _measure(
        self, profile: WanProfile, limit_kbps: float, *, canary: bool, until: float
    ) -> Measured:
        # The tunnel first: its packets tell the hub where the site is now.
        tunnel = probe_tunnel(
            self._site.tunnel_interface,
            profile.limits.handshake_age_s,
            self._runner,
            self._clock.monotonic,
        )
        modem = self._modem(profile)
        with self._silence():
            probes = (*modem, *self._at_once(profile), tunnel)
            return self._with_canary(probes, limit_kbps, until) if canary else probes

    def _with_canary(
        self, probes: Measured, limit_kbps: float, until: float, source: str = ""
    ) -> Measured:
        if any(probe.ok is False and probe.essential for probe in probes):
            return (*probes, *skipped("not sent: other essential checks failed"))
        left = until - self._clock.monotonic()
        if left <= 0:
            late = Probe("canary.receipt", ok=False, detail="no time left to send it")
            return (*probes, late)

        def send(size: int, timeout_s: float) -> CanaryReceipt:
            return self._send_canary(size, timeout_s, source)

        return (*probes, *probe_canary(send, limit_kbps, left, self._clock.monotonic))

    def _modem(self, profile: WanProfile) -> Measured:
        try:
            state = self._read_state()
        except DeviceError as error:
            return (Probe("registration", ok=None, detail=str(error)),)
        return (probe_registration(state, profile), probe_route(state))

    def _at_once(self, profile: WanProfile, source: str = "") -> Measured:
        centre, limits, tls = self._site.data_centre, profile.limits, self._tls_dir
        families: list[Callable[[], Measured]] = [
            lambda: probe_ping(centre.ping_host, limits, self._runner, source),
            lambda: (probe_dns(centre.dns_name, centre.dns_server, self._runner, source),),
            lambda: (probe_mtu(centre.ping_host, limits.mtu, self._runner, source),),
            lambda: (probe_clock(centre.ntp_server, limits.clock_offset_ms, source),),
            *[lambda e=e: (probe_tcp(e, tls, source=source),) for e in centre.endpoints],
        ]
        with ThreadPoolExecutor(max_workers=len(families)) as pool:
            measured = list(pool.map(lambda family: family(), families))
        return tuple(probe for family in measured for probe in family)

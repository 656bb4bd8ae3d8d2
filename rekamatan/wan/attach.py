"""Waiting for the modem: until it answers, until it is attached with the planned SIM.

Around a SIM or APN change the modem's interface vanishes for half a minute and its session with
it: that is expected here, and only the deadline ends the waiting.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rekamatan.errors import DeviceError
from rekamatan.wan.plan import Reason, attached, sim_mismatches

if TYPE_CHECKING:
    from rekamatan.models import ModemState, PendingRollback, Site, WanProfile
    from rekamatan.wan.ports import Ports

POLL_S = 1.0  # short beside the half minute an attach takes, and no load for a small modem
REACH_S = 300.0  # a modem that lost power together with the server needs minutes to answer
MISMATCH_S = 10.0  # right after the change the modem may still show the old card
STEADY_READINGS = 2  # one reading may still be the old bearer's


@dataclass(frozen=True, slots=True)
class Attachment:
    """How the waiting ended: attached (`state`, no reasons), on the wrong SIM, or not at all."""

    state: ModemState | None
    reasons: tuple[Reason, ...] = ()


def wait_attached(site: Site, ports: Ports, profile: WanProfile, until: float) -> Attachment:
    """Poll until `profile` is attached with its planned SIM, at most until `until` (monotonic)."""
    steady = 0
    wrong_since: float | None = None
    last: ModemState | None = None
    while ports.clock.monotonic() < until:
        last = _read(ports)
        if last is None or not attached(last, profile):
            steady, wrong_since = 0, None
        elif reasons := sim_mismatches(site, profile, last):
            now = ports.clock.monotonic()
            wrong_since = now if wrong_since is None else wrong_since
            if now - wrong_since >= MISMATCH_S:
                return Attachment(last, reasons)
        else:
            steady += 1
            if steady >= STEADY_READINGS:
                return Attachment(last)
        ports.clock.sleep(POLL_S)
    return Attachment(None, (Reason("not_attached", _why(profile, last)),))


def look(
    ports: Ports, within_s: float = REACH_S
) -> tuple[ModemState, PendingRollback | None] | None:
    """What is active and what is armed; None when the modem does not answer in time.

    The timer is read before the profile: with no timer left, the profile read after it stays.
    """
    until = ports.clock.monotonic() + within_s
    while True:
        try:
            pending = ports.driver.pending()
            return ports.driver.read_state(), pending
        except DeviceError:
            if ports.clock.monotonic() >= until:
                return None
            ports.clock.sleep(POLL_S)


def live(pending: PendingRollback | None, run_id: str) -> bool:
    """True while something on the modem may still undo `run_id`.

    Remains of this run's own fired timer count: whether it can fire again is not known.
    """
    return pending is not None and (not pending.fired or pending.plan_id == run_id)


def _read(ports: Ports) -> ModemState | None:
    try:
        return ports.driver.read_state()
    except DeviceError:
        return None


def _why(profile: WanProfile, last: ModemState | None) -> str:
    waited = f"no address on APN {profile.apn!r} within {profile.attach_timeout_s} s"
    if last is None:
        return f"{waited}: the modem did not answer"
    if last.registered is False:
        return f"{waited}: not registered on the network"
    return waited

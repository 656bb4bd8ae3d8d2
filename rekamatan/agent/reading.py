"""What the unit with `modem-read` answers: a verification, or what a switch would change."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from rekamatan import paths
from rekamatan.agent import runtime
from rekamatan.agent.surroundings import surroundings
from rekamatan.agent.trail import leave_evidence
from rekamatan.clock import SystemClock
from rekamatan.errors import ConfigError, DeviceError
from rekamatan.modems.facts import MODEM_LOOK, look_of
from rekamatan.plain import to_plain
from rekamatan.verify.gate import patience_s
from rekamatan.verify.store import BaselineStore, write_json
from rekamatan.wan.beside import second_path
from rekamatan.wan.disk import DirectoryDisk
from rekamatan.wan.journal import Journal
from rekamatan.wan.known_good import known_good
from rekamatan.wan.order import reasons_at_the_door
from rekamatan.wan.order_signature import OpensshSignatures
from rekamatan.wan.preflight import Found, no_go_reasons, preflight
from rekamatan.wan.request import new_run_id
from rekamatan.wan.run import SwitchRequest

if TYPE_CHECKING:
    from rekamatan.clock import Clock
    from rekamatan.models import GateResult, Site, WanProfile
    from rekamatan.modems.base import ModemDriver


def verify(site: Site, question: dict[str, Any]) -> GateResult:
    """Measure the active link, keep the result as `verify/last.json` and in the evidence."""
    wanted = str(question.get("profile") or "")
    clock = SystemClock()
    with runtime.driver(site, "modem-read") as modem:
        profile = _profile(site, wanted or _active(site, modem))
        canary, within_s = bool(question.get("canary", True)), patience_s(profile.limits)
        result = runtime.gate(site, modem).check(profile, None, canary=canary, within_s=within_s)
        remember_modem(modem, clock)
    if canary:
        BaselineStore(paths.VERIFY, clock).keep(result)
    data = {"id": question.get("id", ""), "gate": to_plain(result)}
    write_json(paths.VERIFY / "last.json", data)
    leave_evidence({"kind": "verify", "gate": to_plain(result)})
    return result


def remember_modem(modem: ModemDriver, clock: Clock) -> None:
    """Leave firmware and signal for `rekamatan status`, with the time they are of.

    A modem that does not answer is the gate's to tell; what was known of it stays, with its age.
    """
    with suppress(DeviceError):
        facts = look_of(modem) | {"at": clock.wall().isoformat(timespec="seconds")}
        write_json(paths.VERIFY / MODEM_LOOK, facts)


def plan(site: Site, question: dict[str, Any]) -> None:
    """Read and compare only; the answer is `verify/plan.json`."""
    number, order = str(question.get("order", "")), str(question.get("order_file", ""))
    data = _plan(site, SwitchRequest("", "switch", str(question["profile"]), number, order))
    write_json(paths.VERIFY / "plan.json", data | {"id": question.get("id", "")})


def _plan(site: Site, asked: SwitchRequest) -> dict[str, Any]:
    name, clock, interlocks = asked.profile, SystemClock(), runtime.SiteInterlocks()
    reasons = reasons_at_the_door(site, asked, clock.wall(), OpensshSignatures())
    profile = _profile(site, name)
    with runtime.driver(site, "modem-read") as modem:
        state = modem.read_state()
        found = Found(
            state=state,
            pending=modem.pending(),
            captures=interlocks.active_captures(),
            free_bytes=interlocks.free_bytes(),
            journal_damage=Journal(DirectoryDisk(paths.WAN), clock).damage,
            surroundings=surroundings(),
            baseline=BaselineStore(paths.VERIFY, clock).fresh(state.profile or ""),
            second=second_path(modem),
        )
        change = modem.render(profile, state, new_run_id(clock))
    checks = preflight(site, profile, found)
    reasons += no_go_reasons(checks)
    plain: dict[str, Any] = to_plain(change)
    return plain | {
        "profile": name,
        "active": state.profile,
        "empty": change.empty,
        "rollback": modem.rollback.value,
        "go": not reasons,
        "reasons": to_plain(reasons),
        "checks": to_plain(checks),
    }


def _active(site: Site, modem: ModemDriver) -> str:
    """The active profile; a modem that does not answer does not keep the link unmeasured."""
    known = known_good(DirectoryDisk(paths.WAN), site).profile
    try:
        return modem.read_state().profile or known
    except DeviceError:
        return known


def _profile(site: Site, name: str) -> WanProfile:
    if name not in site.profiles:
        known = ", ".join(sorted(site.profiles))
        raise ConfigError(str(paths.SITE_FILE), "profiles", f"no profile {name!r}", f"use {known}")
    return site.profiles[name]

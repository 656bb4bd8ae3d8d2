"""What the unit with `modem-read` answers: a verification, or what a switch would change."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from rekamatan import paths
from rekamatan.agent import runtime
from rekamatan.agent.surroundings import surroundings
from rekamatan.agent.trail import leave_evidence
from rekamatan.clock import SystemClock
from rekamatan.errors import ConfigError, DeviceError, UnknownOutcomeError
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
from rekamatan.wan.run import Kind, SwitchRequest
from rekamatan.wan.service import rollback_request
from rekamatan.wan.sightings import fresh_sighting, keep_sighting, listened, sighting_of

if TYPE_CHECKING:
    from rekamatan.clock import Clock
    from rekamatan.models import GateResult, PreflightCheck, Site, WanProfile
    from rekamatan.modems.base import ModemDriver
    from rekamatan.wan.plan import Reason


def verify(site: Site, question: dict[str, Any]) -> GateResult:
    """Measure the active link, keep the result as `verify/last.json` and in the evidence."""
    wanted = str(question.get("profile") or "")
    clock = SystemClock()
    with runtime.driver(site, "modem-read") as modem:
        profile = _named(site, wanted) if wanted else _active(site, modem)
        canary, within_s = bool(question.get("canary", True)), patience_s(profile.limits)
        result = runtime.gate(site, modem).check(profile, None, canary=canary, within_s=within_s)
        remember_modem(modem, clock)
        hear(site, modem, clock)
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


def hear(site: Site, modem: ModemDriver, clock: Clock) -> str:
    """Keep how the active carrier is heard here; its profile, empty when the site has no such.

    So every carrier that was in use is known afterwards without a survey. A full disk costs the
    sighting, not the verification.
    """
    with suppress(DeviceError, OSError):
        state = listened(modem)
        if state.profile in site.profiles:
            sighting = sighting_of(state, state.profile, clock.wall(), "active")
            keep_sighting(DirectoryDisk(paths.WAN), sighting)
            return state.profile
    return ""


def survey(site: Site, question: dict[str, Any]) -> None:
    """What can be heard without moving anything; the answer is `verify/survey.json`.

    Raises:
        DeviceError: the modem does not answer.
    """
    with runtime.driver(site, "modem-read") as modem:
        active = modem.read_state().profile
        hear(site, modem, SystemClock())
        able = modem.abilities.survey
    answer = {"id": question.get("id", ""), "active": active, "able": able}
    write_json(paths.VERIFY / "survey.json", answer)


def plan(site: Site, question: dict[str, Any]) -> None:
    """Read and compare only; the answer is `verify/plan.json`."""
    number, order = str(question.get("order", "")), str(question.get("order_file", ""))
    kind: Kind = "rollback" if question.get("rollback") else "switch"
    data = _plan(site, SwitchRequest("", kind, str(question.get("profile", "")), number, order))
    write_json(paths.VERIFY / "plan.json", data | {"id": question.get("id", "")})


def _plan(site: Site, asked: SwitchRequest) -> dict[str, Any]:
    clock, interlocks, disk = SystemClock(), runtime.SiteInterlocks(), DirectoryDisk(paths.WAN)
    if asked.kind == "switch" and asked.profile not in site.profiles:
        return _answer(asked.profile, None, (), _at_the_door(site, asked, clock))
    with runtime.driver(site, "modem-read") as modem:
        state = modem.read_state()
        if asked.kind == "rollback":
            asked = rollback_request(asked, known_good(disk, site), state.profile or "")
        reasons = _at_the_door(site, asked, clock)
        profile = site.profiles.get(asked.profile)
        if profile is None:  # the one to go back to was taken out of the inventory
            return _answer(asked.profile, state.profile, (), reasons)
        found = Found(
            state=state,
            pending=modem.pending(),
            captures=interlocks.active_captures(),
            free_bytes=interlocks.free_bytes(),
            journal_damage=Journal(disk, clock).damage,
            surroundings=surroundings(),
            baseline=BaselineStore(paths.VERIFY, clock).fresh(state.profile or ""),
            second=second_path(modem),
            heard=fresh_sighting(disk, profile.name, clock.wall()),
        )
        change = modem.render(profile, state, new_run_id(clock))
    checks = preflight(site, profile, found)
    plain: dict[str, Any] = to_plain(change)
    plain |= {"empty": change.empty, "rollback": modem.rollback.value}
    return _answer(profile.name, state.profile, checks, reasons + no_go_reasons(checks)) | plain


def _at_the_door(site: Site, asked: SwitchRequest, clock: Clock) -> tuple[Reason, ...]:
    return reasons_at_the_door(site, asked, clock.wall(), OpensshSignatures())


def _answer(
    name: str,
    active: str | None,
    checks: tuple[PreflightCheck, ...],
    reasons: tuple[Reason, ...],
) -> dict[str, Any]:
    """Go or no-go; without a plan where there is nothing to compare with."""
    return {
        "profile": name,
        "active": active,
        "commands": [],
        "empty": True,
        "go": not reasons,
        "reasons": to_plain(reasons),
        "checks": to_plain(checks),
    }


def _named(site: Site, name: str) -> WanProfile:
    if name not in site.profiles:
        known = ", ".join(sorted(site.profiles))
        raise ConfigError("--profile", name, "not a profile here", f"use {known}")
    return site.profiles[name]


def _active(site: Site, modem: ModemDriver) -> WanProfile:
    """The active profile; a modem that does not answer does not keep the link unmeasured.

    Raises:
        UnknownOutcomeError: this site does not know it, so nothing says how good it must be.
    """
    name = known_good(DirectoryDisk(paths.WAN), site).profile
    with suppress(DeviceError):
        name = modem.read_state().profile or name
    if name in site.profiles:
        return site.profiles[name]
    reason = f"its profile is {name!r}, which this site does not know: it has no limits"
    known = ", ".join(sorted(site.profiles))
    hint = f"measure it with --profile and one of {known}, or add {name!r} to the inventory"
    raise UnknownOutcomeError(f"link of {site.slug}", "verify", reason, hint)

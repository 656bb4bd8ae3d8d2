"""Preflight: what was found before anything is touched, go or no-go, as data.

Each check gives name, value, limit and verdict; what cannot be known here is None, never guessed.
A blocking check that fails refuses the switch; the others tell the person who decides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rekamatan.models import PreflightCheck, Verdict
from rekamatan.wan.plan import Reason, card_owner, planned_in_slot, same_iccid

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rekamatan.models import GateResult, ModemState, PendingRollback, Site, WanProfile
    from rekamatan.wan.sightings import Sighting

MIN_FREE_BYTES = 20_000_000  # journal, outcome, backup, evidence, with room to spare
WEAK_RSRP_DBM = -115.0  # below this LTE keeps its registration but carries little
WEAK_RSSI_DBM = -100.0
LARGE_BACKLOG_BYTES = 500_000_000  # some 250 records: an hour of sending on a good link


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the recording server knows beside the modem; None: it cannot be known here."""

    mains: bool | None = None  # False: running on a battery
    supply_detail: str = "cannot be known here"  # why `mains` is None
    backlog_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class SecondPath:
    """The target's own bearer, up beside the active one."""

    fit: GateResult | None = None  # measured beforehand; None: not measured (yet)
    broken: str = ""  # why there is no way through it: no cable, no address
    why_not: str = ""  # why it cannot be measured beforehand at this site


@dataclass(frozen=True, slots=True)
class Found:
    """What preflight found before anything was touched."""

    state: ModemState
    pending: PendingRollback | None
    captures: int | None  # None: not looked at yet
    free_bytes: int
    journal_damage: str = ""
    surroundings: Surroundings = field(default_factory=Surroundings)
    baseline: GateResult | None = None  # of the active link; None: not measured yet
    second: SecondPath | None = None  # None: this site has one radio
    heard: Sighting | None = None  # the target's network, as a survey or an earlier day heard it


def preflight(site: Site, target: WanProfile, found: Found) -> tuple[PreflightCheck, ...]:
    """All checks, in the order in which people ask."""
    return (
        *_settled(site, found),
        *_cards(site, found.state),
        _active_card(found.state),
        _network(site, found.state),
        _signal(found, target),
        _captures(found),
        _power(found.surroundings),
        _disk(found),
        _clock(found.baseline),
        _backlog(found.surroundings),
        _second_path(target, found.second),
    )


def no_go_reasons(checks: Iterable[PreflightCheck]) -> tuple[Reason, ...]:
    """Why the switch must not go on; empty: go."""
    return tuple(Reason(c.code, c.detail) for c in checks if c.blocking and c.ok is False)


def _settled(site: Site, found: Found) -> tuple[PreflightCheck, ...]:
    pending, profile = found.pending, found.state.profile
    live = pending is not None and not pending.fired
    held = f"the modem still holds the way back of run {pending.plan_id}" if pending else ""
    unknown = f"the modem's active profile is {profile!r}, which the site does not know"
    return (
        _check("journal", "journal_damaged", not found.journal_damage, found.journal_damage),
        _check("pending", "pending_on_modem", not live, held if live else ""),
        _check("active_profile", "unknown_active_profile", profile in site.profiles, unknown),
    )


def _cards(site: Site, state: ModemState) -> tuple[PreflightCheck, ...]:
    """The SIM that can be read before the change must be the one planned for its slot.

    Most modems show only the active slot's card; a wrong one there tells of swapped cards.
    """
    planned = planned_in_slot(site, state.sim_slot)
    if planned is None:
        nothing = f"no card is planned for slot {state.sim_slot!r}"
        return (PreflightCheck("sim.iccid", ok=None, code="wrong_iccid", detail=nothing),)
    slot = f"slot {planned.sim.slot}"
    return (
        _card(
            "sim.iccid", "wrong_iccid", state.iccid, planned.sim.iccid, site, f"{slot} holds SIM"
        ),
        _card("sim.imsi", "wrong_imsi", state.imsi, planned.sim.imsi, site, f"{slot} has IMSI"),
    )


def _card(  # noqa: PLR0913, PLR0917 - one row of a table
    name: str, code: str, found: str | None, planned: str, site: Site, holds: str
) -> PreflightCheck:
    ok = same_iccid(found, planned) if found and planned else None
    detail = "" if ok else "the modem does not tell"
    if ok is False:
        detail = f"{holds} {found}{card_owner(site, found or '')}, planned {planned}"
    return PreflightCheck(name, ok, code, found, limit=planned or None, detail=detail)


def _active_card(state: ModemState) -> PreflightCheck:
    """A card that the carrier does not let in may be the fault that the switch cures."""
    detail = {True: "", False: "the network does not let this card in", None: "not told"}
    return PreflightCheck(
        name="sim.active",
        ok=state.registered,
        code="registration",
        detail=detail[state.registered],
        blocking=False,
    )


def _network(site: Site, state: ModemState) -> PreflightCheck:
    active = site.profiles.get(state.profile or "")
    if active is None or not state.plmn or not active.plmns:
        return PreflightCheck("plmn", ok=None, code="wrong_plmn", detail="the modem does not tell")
    planned = " or ".join(active.plmns)
    ok = state.plmn in active.plmns
    detail = f"registered on {state.plmn}, planned for {active.name}: {planned}"
    return PreflightCheck("plmn", ok, "wrong_plmn", state.plmn, "", planned, "" if ok else detail)


def _signal(found: Found, target: WanProfile) -> PreflightCheck:
    """Of the target's network: now where its card is the active one, else as it was heard before.

    A modem with one radio cannot hear the other carrier beforehand. Without a sighting the active
    card's figure tells at least whether the antenna is well.
    """
    state, heard = found.state, found.heard
    signal, whose = state.signal, ""
    if state.sim_slot != target.sim.slot:
        whose = f"of the active SIM, not {target.name}'s; see `rekamatan modem survey`"
        if heard is not None and heard.heard:
            signal, whose = heard.signal, f"of {target.name}, heard at {heard.at}"
        elif heard is not None and heard.registered is False:
            return _unheard(heard)
    figure, limit = signal.rsrp_dbm, WEAK_RSRP_DBM
    if figure is None:
        figure, limit = signal.rssi_dbm, WEAK_RSSI_DBM
    return PreflightCheck(
        name="signal",
        ok=None if figure is None else figure >= limit,
        code="weak_signal",
        value=figure,
        unit="dBm",
        limit=limit,
        detail="the modem does not tell" if figure is None else whose,
        blocking=False,
    )


def _unheard(heard: Sighting) -> PreflightCheck:
    """The survey went there, and the network did not let the card in: told, and left to people."""
    detail = f"{heard.profile} did not let its card in at {heard.at}"
    return PreflightCheck("signal", ok=False, code="weak_signal", detail=detail, blocking=False)


def _captures(found: Found) -> PreflightCheck:
    captures, code = found.captures, "capture_in_progress"
    if captures is None:
        return PreflightCheck("capture", None, code, limit=0, detail="not looked at yet")
    detail = f"{captures} recording(s) being captured" if captures else ""
    return PreflightCheck("capture", not captures, code, captures, "", 0, detail)


def _power(around: Surroundings) -> PreflightCheck:
    said = {True: "mains", False: "battery", None: None}[around.mains]
    detail = {True: "", False: "the server runs on its battery", None: around.supply_detail}
    return PreflightCheck(
        "power", around.mains, "on_battery", said, "", "mains", detail[around.mains]
    )


def _disk(found: Found) -> PreflightCheck:
    free, least = found.free_bytes // 1_000_000, MIN_FREE_BYTES // 1_000_000
    ok = found.free_bytes >= MIN_FREE_BYTES
    return PreflightCheck(
        "disk", ok, "disk_full", free, "MB", least, "" if ok else f"{free} MB free"
    )


def _clock(baseline: GateResult | None) -> PreflightCheck:
    """Measured with the baseline; a wrong clock alone stops no office."""
    probes = baseline.probes if baseline else ()
    probe = next((probe for probe in probes if probe.name == "clock"), None)
    if probe is None:
        detail = "not measured yet"
        return PreflightCheck("clock", None, "clock_off", detail=detail, blocking=False)
    return PreflightCheck(
        name="clock",
        ok=probe.ok,
        code="clock_off",
        value=probe.value,
        unit=probe.unit,
        limit=probe.limit,
        detail=probe.detail,
        blocking=False,
    )


def _backlog(around: Surroundings) -> PreflightCheck:
    size, limit = around.backlog_bytes, LARGE_BACKLOG_BYTES // 1_000_000
    return PreflightCheck(
        name="backlog",
        ok=None if size is None else size <= LARGE_BACKLOG_BYTES,
        code="large_backlog",
        value=None if size is None else size // 1_000_000,
        unit="MB",
        limit=limit,
        detail="cannot be known here" if size is None else "",
        blocking=False,
    )


def _second_path(target: WanProfile, second: SecondPath | None) -> PreflightCheck:
    """One radio: the outage that is planned for. Two bearers: whether the other one is fit."""
    without = f"the office is without a link for up to {target.outage_budget_s} s"
    if second is None:
        return _break_before_make(target, f"one radio: {without}")
    if second.why_not:
        untested = f"the bearer of {target.name} cannot be tested beforehand: {second.why_not}"
        return _break_before_make(target, f"{untested}; if it fails, {without}")
    fit, code = second.fit, "target_bearer_unfit"
    if second.broken:
        return PreflightCheck("second_path", ok=False, code=code, detail=second.broken)
    if fit is None:
        detail = f"two bearers: {target.name} is tested before the route moves; no outage planned"
        return PreflightCheck("second_path", None, code, 0, "s", detail=detail)
    unfit = fit.verdict is Verdict.FAIL
    found = "; ".join(fit.reasons) or f"{target.name} was tested beside the active bearer"
    detail = f"{target.name} beside the active bearer: {found}" if unfit else found
    return PreflightCheck("second_path", not unfit, code, fit.verdict.value, detail=detail)


def _break_before_make(target: WanProfile, detail: str) -> PreflightCheck:
    return PreflightCheck(
        name="second_path",
        ok=None,
        code="no_second_path",
        value=target.outage_budget_s,
        unit="s",
        detail=detail,
        blocking=False,
    )


def _check(name: str, code: str, ok: bool, detail: str) -> PreflightCheck:  # noqa: FBT001 - a verdict
    return PreflightCheck(name, ok, code, detail="" if ok else detail)

"""Pure decisions about a switch: may it go, is this the planned SIM, how long may it take.

Reasons are data: a code that programs compare and a detail that people read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rekamatan.verify.gate import budget_s

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rekamatan.models import GateResult, ModemState, Site, WanProfile

MARGIN_S = 30  # how much earlier than the modem the server gives up: two log-ins on a slow modem
_ICCID_CHECK_DIGIT = 1  # some modems leave the last (Luhn) digit out
_ICCID_MIN = 18


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a switch must not go on."""

    code: str
    detail: str

    def __str__(self) -> str:
        """As outcomes and refusals carry it."""
        return f"{self.code}: {self.detail}"


def in_words(reasons: Iterable[Reason]) -> str:
    """All of them in one line; `agent.advice.cause` reads the first one's code back."""
    return "; ".join(map(str, reasons))


def no_go(site: Site, profile: str, change_order: str) -> tuple[Reason, ...]:
    """What can be refused from the desired state alone, before the modem is even asked."""
    reasons = []
    if profile not in site.profiles:
        known = ", ".join(sorted(site.profiles))
        reasons.append(
            Reason("unknown_profile", f"{profile!r} is not a profile of this site: {known}")
        )
    if site.change_order_required and not change_order.strip():
        reasons.append(Reason("no_change_order", "this district demands a change order"))
    slots: dict[str, WanProfile] = {}
    for planned in site.profiles.values():
        other = slots.setdefault(planned.sim.slot, planned)
        if planned.sim.iccid and not same_iccid(other.sim.iccid, planned.sim.iccid):
            detail = f"slot {planned.sim.slot} is planned for {other.name} and {planned.name}"
            reasons.append(Reason("slot_planned_twice", detail))
    return tuple(reasons)


def planned_in_slot(site: Site, slot: str | None) -> WanProfile | None:
    """The profile whose card is planned for this slot."""
    return next((p for p in site.profiles.values() if p.sim.slot == slot), None)


def sim_mismatches(site: Site, target: WanProfile, state: ModemState) -> tuple[Reason, ...]:
    """After attaching: card and network must be the planned ones.

    A field that the modem does not give is not held against it.
    """
    reasons = list(_card_mismatches(site, target, state))
    if state.plmn and target.plmns and state.plmn not in target.plmns:
        detail = f"registered on {state.plmn}, planned {' or '.join(target.plmns)}"
        reasons.append(Reason("wrong_plmn", detail))
    return tuple(reasons)


def _card_mismatches(site: Site, planned: WanProfile, state: ModemState) -> tuple[Reason, ...]:
    reasons = []
    if state.iccid and planned.sim.iccid and not same_iccid(state.iccid, planned.sim.iccid):
        owner = card_owner(site, state.iccid)
        detail = (
            f"slot {planned.sim.slot} holds SIM {state.iccid}{owner}, planned {planned.sim.iccid}"
        )
        reasons.append(Reason("wrong_iccid", detail))
    if state.imsi and planned.sim.imsi and state.imsi != planned.sim.imsi:
        owner = card_owner(site, state.imsi)
        detail = f"IMSI {state.imsi}{owner}, planned {planned.sim.imsi}"
        reasons.append(Reason("wrong_imsi", detail))
    return tuple(reasons)


def card_owner(site: Site, number: str) -> str:
    """Whose card an ICCID or IMSI is, in words, also when it belongs into another office."""
    own = {profile.name: profile.sim for profile in site.profiles.values()}
    for place, cards in {"": own, **site.district_sims}.items():
        for name, card in cards.items():
            if any(known and same_iccid(known, number) for known in (card.iccid, card.imsi)):
                where = f" at {place}" if place and place != site.slug else ""
                return f" (the card planned for {name}{where})"
    return ""


def same_iccid(one: str, other: str) -> bool:
    """Equal but for padding (F) and a left-out check digit."""
    short, long = sorted((_digits(one), _digits(other)), key=len)
    if short == long:
        return True
    spare = len(long) - len(short)
    return len(short) >= _ICCID_MIN and spare == _ICCID_CHECK_DIGIT and long.startswith(short)


def _digits(iccid: str) -> str:
    return iccid.strip().upper().rstrip("F")


def attached(state: ModemState, profile: WanProfile) -> bool:
    """True when the modem carries `profile` with an address: attached, not yet proven."""
    return state.profile == profile.name and bool(state.wan_ip) and state.registered is not False


def arm_seconds(profile: WanProfile, baseline: GateResult | None = None) -> int:
    """How long the modem waits before it brings the old profile back by itself.

    With it ends the outage of an office whose server died in the switch, so it is no longer than
    an attach, the probes and a canary at the slowest pace that passes need. At the default limits
    of a cellular link that leaves the old profile half a minute to attach within 180 s.
    """
    return profile.attach_timeout_s + budget_s(profile.limits, baseline) + MARGIN_S


def server_seconds(profile: WanProfile, baseline: GateResult | None = None) -> int:
    """The server's own deadline: shorter, so that the two never act at the same time."""
    return arm_seconds(profile, baseline) - MARGIN_S

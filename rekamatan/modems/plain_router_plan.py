"""Which uplink the recording server prefers, and how to change that. Pure: data in, text out.

Behind a plain router (VSAT, fibre, PPPoE) there is nothing to configure: the switch is a default
route. It lives in a routing table of our own that two rules put before the machine's own default
route, so the machine's network configuration stays untouched. When the interface goes down, the
kernel empties the table and the machine's own default route is in force again.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rekamatan.errors import ConfigError
from rekamatan.models import ChangePlan, ModemState
from rekamatan.modems.json_sections import from_text
from rekamatan.modems.plan_checks import cannot_plan
from rekamatan.modems.templates import command_lines

if TYPE_CHECKING:
    from rekamatan.models import WanProfile

PLATFORM = "plain_router"
TABLE = 201  # also the route's protocol number: whose it is
PREF = 5200  # of the first rule; the machine's own have 0, 32766 and 32767
FAR = "203.0.113.1"  # an address of nobody (RFC 5737): where does the way out lead?
_INTERFACE = re.compile(r"[A-Za-z][\w.-]{0,14}")
_PREFER = re.compile(r'prefer "((?:[^"\\]|\\.)*)" (.+)')
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Hop:
    """The next hop of an uplink; without a gateway on a point-to-point link (PPPoE)."""

    dev: str
    via: str = ""

    def __str__(self) -> str:
        """As `ip route` takes it."""
        return f"via {self.via} dev {self.dev}" if self.via else f"dev {self.dev}"


@dataclass(frozen=True, slots=True)
class Preference:
    """The uplink that was chosen."""

    profile: str
    hop: Hop


def hop_of(slot: str, interface: str) -> Hop:
    """The next hop that `site_sims.<profile>.slot` names.

    Args:
        slot: "192.168.101.2", "192.168.101.2@eth1" or "ppp0".
        interface: the server's interface where the slot names none.

    Raises:
        ConfigError: it is none of these.
    """
    if _INTERFACE.fullmatch(slot):
        return Hop(slot)
    address, _, dev = slot.partition("@")
    try:
        via = str(ipaddress.IPv4Address(address))
    except ValueError:
        via = ""
    if not via or not _INTERFACE.fullmatch(dev or interface):
        fix = "write the router's address, address@interface, or the interface of a PPPoE line"
        raise ConfigError("site_sims", "slot", f"{slot!r} is no next hop", fix)
    return Hop(dev or interface, via)


def parse_prefer(command: str) -> Preference | None:
    """The choice that a line of a plan writes down; None for the other lines."""
    match = _PREFER.fullmatch(command)
    if match is None:
        return None
    words = dict(zip(match[2].split()[::2], match[2].split()[1::2], strict=False))
    return Preference(
        _ESCAPED.sub(r"\1", match[1]), Hop(words.get("dev", ""), words.get("via", ""))
    )


def preference_from(document: object) -> Preference | None:
    """A choice as it is stored. Raises `ValueError` when the document is damaged."""
    if document is None:
        return None
    try:
        stored: Any = document
        return Preference(str(stored["profile"]), Hop(str(stored["dev"]), str(stored["via"])))
    except (KeyError, TypeError) as error:
        raise ValueError("the stored choice of uplink is damaged") from error


def preference_to(preference: Preference) -> dict[str, str]:
    """A choice as it is stored."""
    return {
        "profile": preference.profile,
        "dev": preference.hop.dev,
        "via": preference.hop.via,
    }


def in_force(answers: dict[str, Any]) -> Hop | None:
    """The next hop that packets really take by our table; None when our table decides nothing."""
    if not ruled(answers.get("rules", [])):
        return None
    for route in answers.get("table", []):
        if route.get("dst") == "default":
            return Hop(str(route.get("dev", "")), str(route.get("gateway", "")))
    return None


def ruled(rules: list[dict[str, Any]]) -> bool:
    """Whether both rules are there."""
    found = {(rule.get("priority"), str(rule.get("table"))) for rule in rules}
    return {(PREF, "main"), (PREF + 1, str(TABLE))} <= found


def state_of(answers: dict[str, Any], raw: str) -> ModemState:
    """One normalised reading. The router itself tells nothing: what it would tell stays None.

    `wan_ip` is the server's own address on the uplink, as long as packets really leave there.
    """
    chosen, hop = preference_from(answers.get("choice")), in_force(answers)
    out = _first(answers.get("way_out"))
    leaves = Hop(str(out.get("dev", "")), str(out.get("gateway", "")))
    active = chosen is not None and hop == chosen.hop
    return ModemState(
        platform=PLATFORM,
        sim_slot=None,
        profile=chosen.profile if active and chosen else None,
        wan_if=hop.dev if hop else None,
        wan_ip=str(out["prefsrc"]) if active and leaves == hop and "prefsrc" in out else None,
        default_route_via=leaves.via or leaves.dev or None,
        raw=raw,
    )


def _first(rows: object) -> dict[str, Any]:
    return rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else {}


def render(
    profile: WanProfile, state: ModemState, plan_id: str, *, interface: str, subject: str
) -> ChangePlan:
    """The difference between a reading and `profile`, as commands, and the way back.

    Raises:
        ConfigError: the profile's slot is no next hop.
        DeviceError: no uplink of ours is in force, so there is nothing to come back to.
    """
    hop = hop_of(profile.sim.slot, interface)
    answers = from_text(state.raw)
    chosen = preference_from(answers.get("choice"))
    if state.profile is None or chosen is None:
        raise cannot_plan(
            profile,
            subject,
            "no uplink of ours is in force",
            "provision the site, which chooses site_wan_profile, or check the cable of the uplink",
        )
    target = Preference(profile.name, hop)
    differs = target != chosen
    return ChangePlan(
        plan_id=plan_id,
        target=profile.name,
        previous=chosen.profile,
        commands=commands_for(target, ruled=True) if differs else (),
        undo=commands_for(chosen, ruled=True) if differs else (),
        before=_description(chosen),
        after=_description(target),
    )


def commands_for(preference: Preference, *, ruled: bool) -> tuple[str, ...]:
    """What makes an uplink the preferred one."""
    return command_lines(
        PLATFORM,
        "prefer",
        name=preference.profile,
        hop=str(preference.hop),
        table=TABLE,
        pref=PREF,
        ruled=ruled,
    )


def _description(preference: Preference) -> str:
    """Lines for `--diff`."""
    return f"active profile: {preference.profile}\nnext hop: {preference.hop}\n"

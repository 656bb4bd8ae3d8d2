"""A way through an uplink that is not the preferred one, for what is sent from its own address.

Each uplink has an interface of the server's, and the server an address on it. Two rules for that
address come before those of the preferred uplink; what is sent from any other address never meets
them. They live in the kernel alone: a restart takes them away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rekamatan.errors import DeviceError, NotSupportedError
from rekamatan.modems import plain_router_plan as plans
from rekamatan.modems.templates import command_lines

if TYPE_CHECKING:
    from rekamatan.modems.plain_router import Uplinks

TABLE = plans.TABLE + 1
PREF = plans.PREF - 2  # of the first of two rules
_SUBJECT = "uplinks of this server"


def open_beside(uplinks: Uplinks, hop: plans.Hop) -> str:
    """The address from which packets now leave through `hop`, beside the preferred uplink.

    Raises:
        NotSupportedError: the preferred uplink is on the same interface: a tunnel keeps its address
            there when it moves, so the two cannot be told apart and must not be tried.
        DeviceError: the interface has no address, or the route or a rule was refused.
    """
    close_beside(uplinks)
    preferred = uplinks.chosen()
    if preferred is not None and preferred.hop.dev == hop.dev:
        reason = f"both uplinks are on {hop.dev}: give each an interface (or a VLAN) of its own"
        raise NotSupportedError(_SUBJECT, f"open a way through {hop}", reason)
    source = _address(uplinks, hop)
    lines = command_lines(
        plans.PLATFORM, "beside", hop=str(hop), source=source, table=TABLE, pref=PREF
    )
    try:
        for line in lines:
            uplinks.ask(*line.split())
        _see(uplinks, hop, source)
    except DeviceError:
        close_beside(uplinks)
        raise
    return source


def close_beside(uplinks: Uplinks) -> None:
    """Take rules and route away, whoever left them. Raises `DeviceError` when one stays."""
    for rule in uplinks.ask_json("ip", "-j", "-4", "rule", "show"):
        if rule.get("priority") in {PREF, PREF + 1}:
            uplinks.ask("ip", "-4", "rule", "del", "pref", str(rule["priority"]))
    if uplinks.ask_json("ip", "-j", "-4", "route", "show", "table", str(TABLE)):
        uplinks.ask("ip", "-4", "route", "flush", "table", str(TABLE))


def _address(uplinks: Uplinks, hop: plans.Hop) -> str:
    """Ours towards the next hop: what the kernel itself would send from."""
    towards = ("to", hop.via or plans.FAR, "oif", hop.dev)
    found: Any = uplinks.ask_json("ip", "-j", "-4", "route", "get", *towards)
    source = str(found[0].get("prefsrc", "")) if found else ""
    if not source or found[0].get("dev") != hop.dev:
        reason = f"this server has no address on {hop.dev}, or its cable is out"
        raise DeviceError(_SUBJECT, f"open a way through {hop}", reason, "check the cable")
    return source


def _see(uplinks: Uplinks, hop: plans.Hop, source: str) -> None:
    """That packets from this address really take it."""
    found: Any = uplinks.ask_json("ip", "-j", "-4", "route", "get", plans.FAR, "from", source)
    out = found[0] if found else {}
    if (out.get("dev"), out.get("gateway", "")) != (hop.dev, hop.via):
        way = out.get("gateway") or out.get("dev") or "nowhere"
        reason = f"accepted but not applied: from {source} packets leave through {way}"
        hint = "see `ip rule`: another rule may come first"
        raise DeviceError(_SUBJECT, f"open a way through {hop}", reason, hint)

"""Change orders: who allowed which sites to go to which profiles, and when.

One small file that people can read: JSON, then the OpenSSH signature over exactly those bytes
(`ssh-keygen -Y sign -n change-order@rekamatan`, format: OpenSSH's PROTOCOL.sshsig).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from rekamatan.errors import ConfigError
from rekamatan.plain import Place, from_plain, parse_json, to_plain
from rekamatan.wan.plan import Reason, no_go

if TYPE_CHECKING:
    from rekamatan.models import Site
    from rekamatan.wan.ports import Signatures
    from rekamatan.wan.run import SwitchRequest

FORMAT = 1
MAX_CHARACTERS = 16_000  # far more than the largest district's order; a wrong file is not read
_SIGNATURE = "-----BEGIN SSH SIGNATURE-----"
_IDENTITY = re.compile(r"[^\s,*?!\"#]+")  # a principal in allowed_signers: no pattern, no space


@dataclass(frozen=True, slots=True)
class ChangeOrder:
    """The written authority for a switch. Moments are ISO 8601 with their zone."""

    number: str
    issuer: str  # the identity that signs, as the district's list of signers names it
    profiles: tuple[str, ...]
    sites: tuple[str, ...]
    not_before: str
    not_after: str
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class OrderFile:
    """An order as it came: what it says, and the bytes that were signed."""

    order: ChangeOrder
    body: bytes
    signature: str  # empty: not signed


@dataclass(frozen=True, slots=True)
class Use:
    """What an order is to be used for. An empty text, or None, is not compared."""

    site: str
    profile: str
    number: str
    now: datetime | None
    leaves: str | None = None  # of a rollback: an order for this profile covers the way back too


def order_text(order: ChangeOrder) -> str:
    """The order as it is signed; ends with a line end."""
    return json.dumps(to_plain(order), indent=2, ensure_ascii=False) + "\n"


def read_order(text: str, source: str) -> OrderFile:
    """Take an order file apart; the signature is not checked here.

    Raises:
        ConfigError: names `source`, the key, and what is wrong with it.
    """
    if len(text) > MAX_CHARACTERS:
        raise ConfigError(source, "file", "too large for a change order", "name the order's file")
    body, marker, rest = text.partition(_SIGNATURE)
    place = Place(source)
    order = from_plain(ChangeOrder, parse_json(body, source), place)
    _check(order, place)
    return OrderFile(order, body.encode(), f"{marker}{rest}".strip() + "\n" if marker else "")


def number_in(text: str) -> str:
    """The number of an order; empty when the text is none."""
    try:
        return read_order(text, "change order").order.number
    except ConfigError:
        return ""


def reasons_at_the_door(
    site: Site, request: SwitchRequest, now: datetime, signatures: Signatures
) -> tuple[Reason, ...]:
    """What forbids `request` before the modem is even asked: desired state and change order."""
    stated = no_go(site, request.profile, request.number)
    return stated + order_reasons(site, request, now, signatures)


def order_reasons(
    site: Site, request: SwitchRequest, now: datetime, signatures: Signatures
) -> tuple[Reason, ...]:
    """Why the order that came with `request`, or its absence, forbids the switch.

    A rollback needs no order of its own: the one of the switch it undoes covers the way back,
    also when it is given again and its window is over. Another's file is refused as elsewhere.

    Args:
        site: its `change_order_signers` empty: this district works with numbers alone.
        request: `order` holds the file's text.
        now: wall time; nothing else can be compared with a window that people wrote.
        signatures: OpenSSH.
    """
    if not request.order:
        wanted = site.change_order_required and bool(site.change_order_signers)
        if wanted and request.kind == "switch":
            return (Reason("order_unsigned", "this district demands a signed order file"),)
        return ()
    try:
        found = read_order(request.order, "change order")
    except ConfigError as error:
        return (Reason("order_unreadable", str(error)),)
    use = Use(site.slug, request.profile, request.change_order, now)
    if request.kind == "rollback":
        use = replace(use, now=None, leaves=request.leaves)
    return file_reasons(found, use, site.change_order_signers, signatures)


def file_reasons(
    found: OrderFile, use: Use, signers: tuple[str, ...], signatures: Signatures
) -> tuple[Reason, ...]:
    """Why an order must not be used like this; empty when it may."""
    if reason := _signature_reason(found, signers, signatures):
        return (reason,)  # what an altered or forged order says is not worth comparing
    window = _window_reasons(found.order, use.now) if use.now else []
    return (*_scope_reasons(found.order, use), *window)


def _signature_reason(
    found: OrderFile, signers: tuple[str, ...], signatures: Signatures
) -> Reason | None:
    order = found.order
    if not found.signature:
        return Reason("order_unsigned", f"order {order.number} carries no signature")
    if not signatures.intact(found.body, found.signature):
        detail = f"order {order.number} was altered after it was signed"
        return Reason("order_altered", detail)
    if not signatures.made_by(order.issuer, signers, found.body, found.signature):
        detail = f"order {order.number} is not signed by a key this district lists for"
        return Reason("order_unknown_key", f"{detail} {order.issuer}")
    return None


def _scope_reasons(order: ChangeOrder, use: Use) -> list[Reason]:
    reasons = []
    if use.number and use.number != order.number:
        detail = f"the file is order {order.number}, asked for under {use.number}"
        reasons.append(Reason("order_other_number", detail))
    if use.site and use.site not in order.sites:
        detail = f"order {order.number} is for {', '.join(order.sites)}, not for {use.site}"
        reasons.append(Reason("order_other_site", detail))
    if use.profile and not {use.profile, use.leaves} & set(order.profiles):
        allowed = ", ".join(order.profiles)
        detail = f"order {order.number} allows {allowed}, not {use.profile}"
        if use.leaves is not None:
            detail += "; going back needs no order of its own: leave it out"
        reasons.append(Reason("order_other_profile", detail))
    return reasons


def _window_reasons(order: ChangeOrder, now: datetime) -> list[Reason]:
    clock = f"the server's clock says {now.isoformat(timespec='minutes')}"
    if now < datetime.fromisoformat(order.not_before):
        detail = f"order {order.number} is valid from {order.not_before}"
        return [Reason("order_not_yet", f"{detail}; {clock}")]
    if now >= datetime.fromisoformat(order.not_after):
        detail = f"order {order.number} was valid until {order.not_after}"
        return [Reason("order_expired", f"{detail}; {clock}")]
    return []


def _check(order: ChangeOrder, place: Place) -> None:
    if order.format != FORMAT:
        reason = f"format {order.format} is not known here"
        raise place.at("format").error(reason, "update rekamatan, or write the order anew")
    if not order.number.strip():
        raise place.at("number").error("empty", "write the number of the order")
    if not _IDENTITY.fullmatch(order.issuer):
        reason = f"{order.issuer!r} is no identity"
        raise place.at("issuer").error(reason, "write one word, such as kadis@rohil")
    for key, names in (("profiles", order.profiles), ("sites", order.sites)):
        if not names:
            raise place.at(key).error("empty", "name at least one")
    start = _moment(order.not_before, place.at("not_before"))
    if start >= _moment(order.not_after, place.at("not_after")):
        raise place.at("not_after").error("the window ends before it begins", "correct it")


def _moment(text: str, place: Place) -> datetime:
    try:
        moment: datetime | None = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise place.error(f"{text!r} is no moment with a zone", "write 2026-03-01T08:00+07:00")
    return moment

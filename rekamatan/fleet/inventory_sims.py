"""SIM cards as planned: a wrong digit here is an office that refuses its own card later."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rekamatan.fleet.inventory import Host, Inventory
    from rekamatan.fleet.inventory_files import Problem

ICCID_LENGTHS = (19, 20)  # ITU-T E.118 with its check digit; some issuers print one digit more
ICCID_COUNTRY = "8962"  # telecommunications, Indonesia
IMSI_LENGTH = 15
LUHN_MODULUS = 10
HIGHEST_DIGIT = 9


def sim_problems(inventory: Inventory) -> Iterator[Problem]:
    """Numbers that cannot be right, and cards planned into two modems."""
    seen: dict[tuple[str, str], str] = {}
    for site in inventory.sites:
        slots: dict[str, str] = {}
        for profile, sim in _sims(site):
            key = f"site_sims.{profile}"
            yield from _iccid_problems(site, key, sim.get("iccid"))
            yield from _imsi_problems(site, profile, sim.get("imsi"))
            for field in ("iccid", "imsi"):
                yield from _used_twice(site, f"{key}.{field}", sim.get(field), seen)
            slot = sim.get("slot")
            if isinstance(slot, str) and slots.setdefault(slot, profile) != profile:
                reason = f"slot {slot!r} already holds the card of {slots[slot]!r}"
                yield site.problem(f"{key}.slot", reason, "one card per slot")


def luhn_valid(digits: str) -> bool:
    """ISO/IEC 7812-1 annex B: the last digit checks the others."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + position % 2)
        total += value - HIGHEST_DIGIT if value > HIGHEST_DIGIT else value
    return total % LUHN_MODULUS == 0


def _sims(site: Host) -> Iterator[tuple[str, dict[str, object]]]:
    sims = site.get("site_sims")
    for profile, sim in (sims if isinstance(sims, dict) else {}).items():
        if isinstance(sim, dict):
            yield str(profile), sim


def _iccid_problems(site: Host, key: str, iccid: object) -> Iterator[Problem]:
    if not isinstance(iccid, str):
        return
    fix = "copy the number printed on the card, digits only, in quotes"
    if not _digits(iccid) or len(iccid) not in ICCID_LENGTHS:
        reason = f"{iccid!r} is not 19 or 20 digits"
        yield site.problem(f"{key}.iccid", reason, fix)
    elif not iccid.startswith(ICCID_COUNTRY):
        reason = f"{iccid} is not an Indonesian card ({ICCID_COUNTRY}...)"
        yield site.problem(f"{key}.iccid", reason, fix)
    elif not luhn_valid(iccid):
        reason = f"the check digit of {iccid} is wrong: a digit is mistyped"
        yield site.problem(f"{key}.iccid", reason, fix)


def _imsi_problems(site: Host, profile: str, imsi: object) -> Iterator[Problem]:
    if not isinstance(imsi, str):
        return
    key = f"site_sims.{profile}.imsi"
    if not _digits(imsi) or len(imsi) != IMSI_LENGTH:
        fix = "ask the modem or the carrier for it"
        yield site.problem(key, f"{imsi!r} is not {IMSI_LENGTH} digits", fix)
        return
    carrier = site.get(f"wan_profiles.{profile}.carrier")
    plmns = site.get(f"carriers.{carrier}.plmns")
    if isinstance(plmns, list) and plmns and not imsi.startswith(tuple(map(str, plmns))):
        reason = f"{imsi} is not a card of {carrier}, whose networks are {', '.join(plmns)}"
        yield site.problem(key, reason, "exchange the cards, or add the PLMN to the carrier")


def _used_twice(
    site: Host, key: str, number: object, seen: dict[tuple[str, str], str]
) -> Iterator[Problem]:
    if not isinstance(number, str):
        return
    here = f"{site.name} {key}"
    first = seen.setdefault((key.rpartition(".")[2], number), here)
    if first != here:
        fix = "a card is in one modem only: correct the one that is wrong"
        yield site.problem(key, f"{number} is used twice, also at {first}", fix)


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()

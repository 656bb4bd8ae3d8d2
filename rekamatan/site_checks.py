"""What must hold between the values of a site's desired state, whichever file they came from."""

from __future__ import annotations

import base64
import binascii
import ipaddress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rekamatan.models import Site
    from rekamatan.plain import Place

ED25519_BYTES = 32


def check_site(site: Site, place: Place) -> None:
    """Raises `ConfigError` naming the key to correct."""
    lan = network(site.lan, place.at("lan"))
    try:
        inside = ipaddress.IPv4Address(site.modem.host) in lan
    except ValueError:
        inside = False
    if not inside:
        reason = f"modem {site.modem.host!r} is not an address in the LAN {lan}"
        raise place.at("modem.host").error(reason, "correct site_lan or site_modem.host")
    if site.initial_profile not in site.profiles:
        reason = f"no SIM card for profile {site.initial_profile!r}"
        have = ", ".join(site.profiles) or "none"
        raise place.at("site_wan_profile").error(reason, f"use one of: {have}; or add to site_sims")
    _check_receipt_key(site.data_centre.receipt_public_key, place)
    _check_signers(site.change_order_signers, place)


def _check_signers(lines: tuple[str, ...], place: Place) -> None:
    """A line that ssh-keygen would pass over in silence is an order refused on the day."""
    for line in lines:
        words = line.split()
        key = next((n for n, word in enumerate(words) if word.startswith(("ssh-", "sk-"))), 0)
        if key < 1 or len(words) <= key + 1:
            reason = f"{line!r} is no line of allowed_signers"
            hint = "write: kadis@rohil ssh-ed25519 AAAA…"
            raise place.at("rekamatan_change_order_signers").error(reason, hint)


def _check_receipt_key(text: str, place: Place) -> None:
    try:
        size = len(base64.b64decode(text, validate=True))
    except binascii.Error:
        size = 0
    if size != ED25519_BYTES:
        raise place.at("data_centre_receipt_public_key").error(
            "not an Ed25519 public key in base64", "take it from group_vars/all/public.yml"
        )


def network(text: str, place: Place) -> ipaddress.IPv4Network:
    """The network in `text`, or a `ConfigError`."""
    try:
        return ipaddress.IPv4Network(text)
    except ValueError as error:
        raise place.error(str(error), "write a network such as 192.168.101.0/24") from None

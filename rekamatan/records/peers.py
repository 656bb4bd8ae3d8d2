"""Who is at the other end of a connection, by its certificate, and what it may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rekamatan.errors import RefusedError
from rekamatan.records.names import is_owner

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web


def certificate_name(request: web.Request) -> str:
    """The CN the TLS layer has verified; "" when the certificate names nobody."""
    certificate: dict[str, Any] = request.get_extra_info("peercert") or {}
    subject = dict(pair for group in certificate.get("subject", ()) for pair in group)
    return str(subject.get("commonName", ""))


def workstation_of(slug: str) -> Callable[[str], str]:
    """Identity rule of a site's LAN: `<workstation>.<slug>` of this very site."""

    def identify(common_name: str) -> str:
        workstation, _, site = common_name.partition(".")
        if not (is_owner(common_name) and workstation and site == slug):
            raise RefusedError(common_name or "client", "authorise", f"no workstation of {slug}")
        return common_name

    return identify


def site_identity(common_name: str) -> str:
    """Identity rule of the data centre: the CN is a site's slug."""
    if not is_owner(common_name) or "." in common_name:
        raise RefusedError(common_name or "client", "authorise", "the certificate names no site")
    return common_name

"""Does the bearer have an address, and does the modem's default route use it?"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from rekamatan.models import Probe

if TYPE_CHECKING:
    from rekamatan.models import ModemState


def probe_route(state: ModemState) -> Probe:
    """Pure. "Connected" without an address is what a wrong APN looks like."""
    if not state.wan_ip:
        return Probe("route", ok=False, detail="no address on the WAN interface")
    via = state.default_route_via
    if via and state.wan_if and not _is_address(via) and via != state.wan_if:
        detail = f"the default route goes through {via}, not {state.wan_if}"
        return Probe("route", ok=False, value=state.wan_ip, detail=detail)
    return Probe("route", ok=True, value=state.wan_ip, detail=f"through {state.wan_if or 'WAN'}")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True

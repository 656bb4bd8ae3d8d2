"""Is the modem registered, and on the carrier that was planned?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rekamatan.models import Probe

if TYPE_CHECKING:
    from rekamatan.models import ModemState, WanProfile


def probe_registration(state: ModemState, profile: WanProfile) -> Probe:
    """Pure. A modem that names no PLMN is believed when it says that it is registered."""
    planned = " ".join(profile.plmns)

    def found(detail: str, *, ok: bool | None) -> Probe:
        return Probe("registration", ok, value=state.plmn, limit=planned, detail=detail)

    if state.profile is not None and state.profile != profile.name:
        return found(f"the active profile is {state.profile}", ok=False)
    if state.registered is False:
        return found("not registered on any network", ok=False)
    if state.plmn is None:
        known = True if state.registered else None
        return found("the modem does not give the PLMN", ok=known)
    if profile.plmns and state.plmn not in profile.plmns:
        return found(f"registered on {state.operator or state.plmn}", ok=False)
    return found(state.operator or "", ok=True)

"""What is raised, remembered between commands: no secrets in it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from typing import TYPE_CHECKING, Any

from lab.errors import LabError
from lab.paths import BUILD, LAB, STATE_FILE
from lab.topology import DATA_CENTRE, District, plan

if TYPE_CHECKING:
    from collections.abc import Iterator

# What plans and faults need of a host's variables; the secrets stay in the vault.
_KEPT = (
    "site_lan",
    "site_vpn_address",
    "site_sims",
    "site_link_profiles",
    "site_modem",
    "site_wan_profile",
    "wan_profiles",
    "carriers",
    "data_centre_address",
    "data_centre_vpn",
    "ansible_user",
)


def save(district: District) -> None:
    """Remember the plan; faults of an earlier plan are kept."""
    hosts = {site.slug: site.variables for site in district.sites}
    hosts[DATA_CENTRE] = district.data_centre
    document = {
        "sites": [site.slug for site in district.sites],
        "attach_seconds": district.attach_seconds,
        "hosts": {
            name: {key: values[key] for key in _KEPT if key in values}
            for name, values in hosts.items()
        },
        "faults": faults(),
    }
    _write(document)


def load() -> District:
    """The raised district; raises `LabError` when there is none."""
    document = _read()
    if not document:
        hint = "rekamatan-lab up"
        raise LabError("lab", "look it up", f"not raised: no {STATE_FILE}", hint)
    return plan(document["hosts"], document["sites"], document["attach_seconds"])


def raised_sites() -> list[str]:
    """Slugs of the raised sites; empty when there is no lab."""
    return list(_read().get("sites", []))


def faults() -> list[str]:
    """The faults in force, as they were typed."""
    return list(_read().get("faults", []))


def note_fault(name: str, *, active: bool) -> None:
    """Remember a fault; or forget it, with what was broken of it site by site."""
    document = _read()
    kept = [known for known in faults() if not f"{known} ".startswith(f"{name} ")]
    document["faults"] = [*kept, name] if active else kept
    _write(document)


def forget() -> None:
    """No lab is raised any more."""
    STATE_FILE.unlink(missing_ok=True)


def _read() -> dict[str, Any]:
    if not STATE_FILE.exists():
        return {}
    document: dict[str, Any] = json.loads(STATE_FILE.read_text(encoding="utf-8"))
    return document


def _write(document: dict[str, Any]) -> None:
    LAB.mkdir(parents=True, exist_ok=True)
    draft = STATE_FILE.with_suffix(".new")
    draft.write_text(json.dumps(document, indent=1), encoding="utf-8")
    draft.replace(STATE_FILE)


@contextlib.contextmanager
def exclusive() -> Iterator[None]:
    """One `up`, `down` or `fault` at a time."""
    BUILD.mkdir(parents=True, exist_ok=True)
    handle = os.open(BUILD / "lab.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        reason = "another rekamatan-lab is changing it"
        raise LabError("lab", "change it", reason, "wait for that one to end") from None
    try:
        yield
    finally:
        os.close(handle)

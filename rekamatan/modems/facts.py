"""What a modem is and how it is, as plain data: for people, playbooks and the status."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rekamatan.modems.backups import keep, kept
from rekamatan.modems.registry import open_driver
from rekamatan.plain import to_plain

if TYPE_CHECKING:
    from pathlib import Path

    from rekamatan.models import ModemAccess
    from rekamatan.modems.base import ModemDriver


MODEM_LOOK = "modem.json"  # under `paths.VERIFY`: the last look, for `rekamatan status`


def look_at(
    access: ModemAccess, password: str, *, read_only: bool, keep_in: Path | None = None
) -> dict[str, Any]:
    """Facts of one modem, and its configuration kept in `keep_in` when given.

    Returns:
        `identity`, `state` (without the device's raw text), `pending`; `backup`, the path of the
        stored configuration or None; `new_backup`, whether it was stored just now.

    Raises:
        DeviceError: the modem did not answer, or another firmware than the platform's did.
        ConfigError: the platform is unknown, or the backup cannot be written.
    """
    driver = open_driver(access, password, {}, read_only=read_only)
    try:
        facts = facts_of(driver)
        before = set(kept(keep_in)) if keep_in else set()
        path = keep(keep_in, driver, datetime.now(UTC)) if keep_in else None
    finally:
        driver.close()
    stored = path is not None and path not in before
    return facts | {"backup": str(path) if path else None, "new_backup": stored}


def look_of(driver: ModemDriver) -> dict[str, Any]:
    """Model, firmware, network and signal: what a person asks first; no numbers of the SIM."""
    state = driver.read_state()
    identity = driver.identify()
    return {
        "model": identity.model,
        "version": identity.version,
        "operator": state.operator or state.plmn,
        "rat": state.rat,
        "signal": to_plain(state.signal),
    }


def facts_of(driver: ModemDriver) -> dict[str, Any]:
    """`identity`, `state` without raw text, `pending`: plain data, no secrets."""
    state = dataclasses.replace(driver.read_state(), raw="")
    return {
        "identity": to_plain(driver.identify()),
        "state": to_plain(state),
        "pending": to_plain(driver.pending()),
    }

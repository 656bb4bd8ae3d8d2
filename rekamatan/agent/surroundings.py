"""What the recording server knows beside the modem: on mains or battery, records that wait."""

from __future__ import annotations

from pathlib import Path

from rekamatan import paths
from rekamatan.errors import RecordError
from rekamatan.power.nut import read_power
from rekamatan.records.counts import record_counts
from rekamatan.wan.preflight import Surroundings

# Kernel ABI: sysfs-class-power. `type` Mains, USB, Battery, UPS; `online` 0 or 1; `status`.
SUPPLIES = Path("/sys/class/power_supply")
CONTAINER = Path("/run/systemd/container")  # written by systemd where it runs in one


def surroundings() -> Surroundings:
    """Read it now."""
    ups = read_power()  # what a UPS tells through NUT goes before the server's own sockets
    mains = on_mains() if ups.mains is None else ups.mains
    return Surroundings(mains=mains, supply_detail=ups.detail, backlog_bytes=_backlog())


def on_mains(supplies: Path = SUPPLIES, container: Path = CONTAINER) -> bool | None:
    """False on a battery; None where no supply tells (most desktops and rack servers).

    In a container /sys shows the host's supplies, which tell nothing about this server.
    """
    if container.exists():
        return None
    online, discharging = [], []
    for folder in sorted(supplies.glob("*")):
        kind = _text(folder / "type")
        if kind in {"Mains", "USB"} and _text(folder / "online"):
            online.append(_text(folder / "online") == "1")
        if kind in {"Battery", "UPS"} and _text(folder / "scope") != "Device":
            discharging.append(_text(folder / "status") == "Discharging")
    if any(online):
        return True
    if online or any(discharging):
        return False
    return True if discharging else None  # a battery that is charged or charging


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def _backlog() -> int | None:
    try:
        return record_counts(paths.RECORDS).backlog_bytes
    except RecordError:
        return None

"""What the lab asks of the machine it stands on: taken before it is raised, given back with it.

Every booted systemd holds some ten inotify instances. They are counted per user of the host,
containers included, and Debian allows 128: some machines of a district would freeze in their boot
without a word. (inotify(7), /proc/sys/fs/inotify/max_user_instances)
"""

from __future__ import annotations

from pathlib import Path

from lab.errors import LabError
from lab.paths import LAB

LIMIT = Path("/proc/sys/fs/inotify/max_user_instances")
FORMER = LAB / "inotify-instances"  # what the host had before, while a lab is raised
_PER_MACHINE = 16
_FOR_THE_HOST = 128


def make_room(machines: int) -> None:
    """Let the host carry so many booted machines. Raises `LabError` naming the setting."""
    wanted = _FOR_THE_HOST + machines * _PER_MACHINE
    present = int(LIMIT.read_text(encoding="ascii"))
    if present >= wanted:
        return
    try:
        if not FORMER.exists():
            FORMER.parent.mkdir(parents=True, exist_ok=True)
            FORMER.write_text(f"{present}\n", encoding="ascii")
        LIMIT.write_text(f"{wanted}\n", encoding="ascii")
    except PermissionError as error:
        FORMER.unlink(missing_ok=True)
        what = f"boot {machines} machines"
        hint = f"sudo sysctl fs.inotify.max_user_instances={wanted}"
        raise LabError("lab", what, f"the host allows {present} inotify instances", hint) from error


def give_room_back() -> None:
    """The host's own limit again; the same when nothing was changed."""
    if FORMER.exists():
        LIMIT.write_text(FORMER.read_text(encoding="ascii"), encoding="ascii")
        FORMER.unlink()

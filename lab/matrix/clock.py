"""A jump of the wall clock at one site: containers share the host's clock, which nobody may set.

The units of the switch get a clock of their own (`clock.c`), loaded before their program.
"""

from __future__ import annotations

import shutil
import struct
from pathlib import Path
from typing import TYPE_CHECKING

from lab import engine
from lab.errors import LabError
from lab.paths import BUILD
from lab.shell import run

if TYPE_CHECKING:
    from lab.topology import LabSite

LIBRARY = BUILD / "faults" / "clock.so"
_SOURCE = Path(__file__).with_name("clock.c")
_INSTALLED = "/usr/local/lib/matrix-clock.so"
_SHIFT = "/run/matrix-clock"  # eight bytes, in memory: a mapping sees them change at once
_UNITS = ("rekamatan-wan.service", "rekamatan-recover.service")
_SHIFT_FORMAT = struct.Struct("=q")


def build(library: Path = LIBRARY) -> Path:
    """Compile it. Raises `LabError` without a C compiler."""
    if shutil.which("cc") is None:
        raise LabError("cc", "build a clock", "not installed", "apt-get install gcc libc6-dev")
    library.parent.mkdir(parents=True, exist_ok=True)
    run(["cc", "-shared", "-fPIC", "-O2", "-Wall", "-o", str(library), str(_SOURCE)])
    return library


def shift_bytes(seconds: int) -> bytes:
    """What the file holds."""
    return _SHIFT_FORMAT.pack(seconds)


def give(site: LabSite) -> None:
    """From their next start on the switch's units have a clock of their own, right for now."""
    shutil.copy(build(), engine.root_of(site.server) / _INSTALLED.lstrip("/"))
    jump(site, 0)
    drop_in = f"""[Service]
Environment=LD_PRELOAD={_INSTALLED} MATRIX_CLOCK={_SHIFT}
"""
    for unit in _UNITS:
        engine.inside(site.server, "mkdir", "-p", f"/run/systemd/system/{unit}.d")
        path = f"/run/systemd/system/{unit}.d/matrix-clock.conf"
        engine.inside(site.server, "tee", path, stdin=drop_in)
    engine.inside(site.server, "systemctl", "daemon-reload")


def jump(site: LabSite, seconds: int) -> None:
    """So many seconds off, at once. The file stays the same one: it is mapped."""
    octal = "".join(f"\\{byte:03o}" for byte in shift_bytes(seconds))
    script = f"printf '{octal}' | dd of={_SHIFT} conv=notrunc status=none"
    engine.inside(site.server, "sh", "-c", script)


def take_away(site: LabSite) -> None:
    """The machine's own clock again, from the next start on."""
    paths = [f"/run/systemd/system/{unit}.d/matrix-clock.conf" for unit in _UNITS]
    engine.inside(site.server, "rm", "-f", *paths)
    engine.inside(site.server, "systemctl", "daemon-reload")

"""The program as it is installed at a site, changed by the injector: never in its own source.

A kind of way back is a property of the platform. The lab's modem can arm a timer; with that
property changed the same modem stands for one that cannot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab import engine
from lab.errors import LabError

if TYPE_CHECKING:
    from lab.topology import LabSite

_PACKAGE = "/opt/rekamatan/venv/lib/python3*/site-packages/rekamatan"
_DRIVER = f"{_PACKAGE}/modems/routeros7.py"
_DISK = f"{_PACKAGE}/wan/disk.py"
_KIND = r"s/= Rollback\.[A-Z]*$/= Rollback.{}/"
_SYNC = "os.fsync(handle)"
_NO_SYNC = "pass  # planted: no fsync"


def set_kind(site: LabSite, kind: str) -> None:
    """`device` or `server`: who can bring the old profile back at this site."""
    word = kind.upper()
    _change(site, _DRIVER, _KIND.format(word), f"= Rollback.{word}$")


def set_fsync(site: LabSite, *, on: bool) -> None:
    """Whether the switch's disk is told to keep what was written."""
    old, new = (_NO_SYNC, _SYNC) if on else (_SYNC, _NO_SYNC)
    _change(site, _DISK, f"s/{old}$/{new}/", f"{new}$")


def _change(site: LabSite, path: str, edit: str, proof: str) -> None:
    """Raises `LabError` when the file does not read as wanted afterwards."""
    script = f"sed -i '{edit}' {path} && grep -q '{proof}' {path}"
    done = engine.inside(site.server, "sh", "-c", script, check=False)
    if done.returncode:
        hint = "is the site provisioned? the edit must fit the installed program"
        raise LabError(f"{site.server}:{path}", "change", done.stderr.strip() or "no match", hint)

"""The program as it is installed at a site, changed by the injector: never in its own source.

A kind of way back is a property of the platform. Most of the lab's modems can arm a timer; with
that property of its driver changed the same modem stands for one that cannot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab import engine
from lab.errors import LabError
from rekamatan.models import Rollback
from rekamatan.modems.registry import driver_class

if TYPE_CHECKING:
    from lab.topology import LabSite

_SAVED_LAST = frozenset({"ios", "vyos"})
_INSTALLED = "/opt/rekamatan/venv/lib/python3*/site-packages"


@dataclass(frozen=True, slots=True)
class Edit:
    """One line of the program changed: `sed` does it, `grep` proves it."""

    path: str  # below site-packages, as in the project
    edit: str
    proof: str

    def script(self, folder: str) -> str:
        """For `sh -c`; exit 1 when the file does not read as wanted afterwards."""
        path = f"{folder}/{self.path}"
        return f"sed -i '{self.edit}' {path} && grep -q '{self.proof}' {path}"


def kind(word: str, platform: str) -> Edit:
    """`device` or `server`: what a platform's driver says of its way back."""
    wanted = f"= Rollback.{word.upper()}"
    edit = rf"s/\(rollback: .*\)= Rollback\.[A-Z]*$/\1{wanted}/"
    return Edit(_saying_rollback(platform), edit, f"rollback: .*{wanted}$")


def _saying_rollback(platform: str) -> str:
    """The file in which the platform's driver, or one that it is made of, says so."""
    family = driver_class(platform).__mro__
    origin = next(kind for kind in family if "rollback" in vars(kind))
    return f"{origin.__module__.replace('.', '/')}.py"


def has_timer(platform: str) -> bool:
    """Whether the platform's modem can bring the old profile back by itself."""
    return driver_class(platform).rollback is Rollback.DEVICE


def plays(platform: str, word: str) -> bool:
    """Whether the platform's modem can stand for one with the way back `device` or `server`.

    A Cisco router or VyOS keeps a change only when it is saved, and that is the second half of
    removing its timer: one that has no timer and still has to be saved does not exist.
    """
    return has_timer(platform) and (word == "device" or platform not in _SAVED_LAST)


def fsync(*, on: bool) -> Edit:
    """Whether the switch's disk is told to keep what was written."""
    sync, none = "os.fsync(handle)", "pass  # planted: no fsync"
    old, new = (none, sync) if on else (sync, none)
    return Edit("rekamatan/wan/disk.py", f"s/{old}$/{new}/", f"{new}$")


def set_kind(site: LabSite, word: str) -> None:
    """Who can bring the old profile back at this site. Raises `LabError`."""
    _change(site, kind(word, site.platform))


def set_fsync(site: LabSite, *, on: bool) -> None:
    """See `fsync`. Raises `LabError`."""
    _change(site, fsync(on=on))


def _change(site: LabSite, edit: Edit) -> None:
    done = engine.inside(site.server, "sh", "-c", edit.script(_INSTALLED), check=False)
    if done.returncode:
        hint = "is the site provisioned? the edit must fit the installed program"
        reason = done.stderr.strip() or "no match"
        raise LabError(f"{site.server}:{edit.path}", "change", reason, hint)

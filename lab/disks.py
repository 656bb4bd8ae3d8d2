"""Disks that can lose power: ext4 on a loop image, bind-mounted into the node.

`kill -9` keeps the page cache, so it proves nothing about durability. Copying the *backing file* of
a mounted image takes exactly what had reached the disk: unsynced data is in the mount's page
cache, not in the file. Booting on the copy is what a machine finds after a power cut.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lab.errors import LabError
from lab.paths import DISKS, MOUNTS
from lab.shell import comes_true, output, run

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOOP_MAJOR = 7
_UMOUNT_S = 10.0
_FREEZE_S = 120.0  # what is dirty is written for half a minute after its writer died


@dataclass(frozen=True, slots=True)
class Disk:
    """One writable directory of a node that survives, or loses, a power cut."""

    node: str
    target: str  # path inside the node
    megabytes: int

    @property
    def label(self) -> str:
        """File-name form of the target."""
        return self.target.strip("/").replace("/", "-")

    @property
    def image(self) -> Path:
        """The backing file."""
        return DISKS / f"{self.node}.{self.label}.img"

    @property
    def mount(self) -> Path:
        """Where the host mounts it; the node's bind mount points here."""
        return MOUNTS / self.node / self.label

    def make(self) -> bool:
        """Create and mount; True when it is new and empty."""
        new = not self.image.exists()
        if new:
            DISKS.mkdir(parents=True, exist_ok=True)
            run(["truncate", "-s", f"{self.megabytes}M", str(self.image)])
            lazy = "lazy_itable_init=1,lazy_journal_init=1"
            run(["mkfs.ext4", "-q", "-F", "-E", lazy, str(self.image)])
        self.attach()
        return new

    def attach(self) -> None:
        """Mount, unless it is mounted."""
        self.mount.mkdir(parents=True, exist_ok=True)
        if not self.mount.is_mount():
            _need_loop_node()
            run(["mount", "-o", "loop", str(self.image), str(self.mount)])

    def detach(self) -> None:
        """Unmount; the loop device goes with it."""
        if self.mount.is_mount():
            run(["umount", str(self.mount)])

    def seed(self, source: Path) -> None:
        """Fill a new disk with what the image holds at the target, owners kept."""
        if source.is_dir():
            run(["cp", "--archive", f"{source}/.", str(self.mount)])

    def freeze(self) -> Path:
        """Copy what has reached the disk at this moment; the copy's path.

        Taken again when the kernel wrote to the disk meanwhile: a copy torn by a journal commit
        would be a state no power cut leaves.
        """
        copy = self.image.with_suffix(".cut")
        deadline = time.monotonic() + _FREEZE_S
        while time.monotonic() < deadline:
            before = self._writes()
            run(["cp", "--sparse=always", str(self.image), str(copy)])
            if self._writes() == before:
                return copy
        raise LabError(str(self.image), "copy", "still being written", "is its node dead?")

    def _writes(self) -> int:
        """Writes the loop device has completed so far."""
        device = output(["findmnt", "--noheadings", "--output=SOURCE", str(self.mount)])
        fields = Path(f"/sys/class/block/{Path(device).name}/stat").read_text("ascii").split()
        return int(fields[4])  # Documentation/block/stat.rst: the fifth field is write I/Os

    def thaw(self, copy: Path) -> None:
        """Continue on the copy; what the old file gets from here on is of no account."""
        self.detach()
        copy.replace(self.image)
        self.attach()


def detach_all() -> None:
    """Unmount and forget every disk of the lab."""
    for mount in sorted(_mounts(), reverse=True):
        if not comes_true(partial(_unmounted, mount), _UMOUNT_S):
            run(["umount", "--lazy", str(mount)])
    shutil.rmtree(MOUNTS, ignore_errors=True)
    shutil.rmtree(DISKS, ignore_errors=True)


def _unmounted(mount: Path) -> bool:
    """Try it: whoever was killed lets go of a disk in its own time."""
    return run(["umount", str(mount)], check=False).returncode == 0


def _mounts() -> Iterator[Path]:
    """Mounts below our own directory, from the kernel's list."""
    for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        path = Path(line.split()[1].replace("\\040", " "))
        if path.is_relative_to(MOUNTS):
            yield path


def _need_loop_node() -> None:
    """Make the next free loop device's node: /dev may be static and hold only eight."""
    name = output(["losetup", "--find"])
    number = re.fullmatch(r"/dev/loop(\d+)", name)
    if number and not Path(name).exists():
        device = os.makedev(_LOOP_MAJOR, int(number.group(1)))
        os.mknod(name, stat.S_IFBLK | 0o660, device)

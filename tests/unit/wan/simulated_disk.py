"""A disk that loses at a power cut what was not synced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rekamatan.wan.journal import TERMINAL, decode

if TYPE_CHECKING:
    from tests.unit.wan.simulation import World


@dataclass
class Inode:
    now: bytes = b""
    durable: bytes = b""


class SimulatedDisk:
    """Loses at a power cut what was not synced: content and names apart, as a real disk does."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.names: dict[str, Inode] = {}
        self.durable_names: dict[str, Inode] = {}
        self.full = False
        self.full_until = 0.0
        self._known = (b"", False)  # content of the journal, and whether a run is open in it

    def read(self, name: str) -> bytes | None:
        inode = self.names.get(name)
        return inode.now if inode else None

    def append(self, name: str, data: bytes) -> None:
        self._world.step(f"disk.append {name}")
        inode = self.names.setdefault(name, Inode())
        self._room(inode, inode.now + data[: len(data) // 2])
        inode.now += data
        self._world.step(f"disk.appended {name}")

    def write(self, name: str, data: bytes) -> None:
        self._world.step(f"disk.write {name}")
        inode = Inode() if name not in self.names else self.names[name]
        self.names[name] = inode
        self._room(inode, b"")
        inode.now = data

    def sync(self, name: str) -> None:
        self.names[name].durable = self.names[name].now
        self._world.step(f"disk.synced {name}")

    def rename(self, old: str, new: str) -> None:
        self.names[new] = self.names.pop(old)
        self._world.step(f"disk.renamed {new}")

    def sync_directory(self, name: str) -> None:
        folder = name.rpartition("/")[0]
        inside = {n: i for n, i in self.names.items() if n.rpartition("/")[0] == folder}
        kept = {n: i for n, i in self.durable_names.items() if n.rpartition("/")[0] != folder}
        self.durable_names = kept | inside

    def power_cut(self, torn_bytes: int) -> None:
        for inode in self.durable_names.values():
            lost = inode.now[len(inode.durable) :] if inode.now.startswith(inode.durable) else b""
            inode.now = inode.durable = inode.durable + lost[:torn_bytes]
        self.names = dict(self.durable_names)

    def durable(self, name: str) -> bytes:
        inode = self.durable_names.get(name)
        return inode.durable if inode else b""

    def durably_open(self) -> bool:
        content = self.durable("journal.jsonl")
        if content != self._known[0]:
            entries = decode(content).entries
            self._known = content, bool(entries) and entries[-1].state not in TERMINAL
        return self._known[1]

    def _room(self, inode: Inode, half_written: bytes) -> None:
        if self.full or self._world.now < self.full_until:
            inode.now = half_written
            raise OSError(28, "No space left on device")

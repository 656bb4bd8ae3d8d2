"""A twin inside the running process, on a loopback port, with its radio in memory: for tests."""

from __future__ import annotations

import asyncio
import json
import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from lab.shell import comes_true
from lab.twins.engine.radio import MemoryRadio
from lab.twins.engine.serving import Machine

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from pathlib import Path

    from lab.twins.engine.faults import Faults
    from lab.twins.engine.serving import Front
    from lab.twins.engine.store import FlashStore

T = TypeVar("T")
_LOOK_S = 0.02


class Stored(Machine, Protocol):
    """A device that keeps its configuration on flash."""

    store: FlashStore


Device = TypeVar("Device", bound=Stored)


class RunningDevice(ABC, Generic[Device]):
    """A booted twin; subclasses say of what.

    Args:
        flash: survives `power_cut` and `boot`.
        document: the twin's configuration, but for its flash.
        apns: carrier -> APNs that it knows.
        faults: what goes wrong.
    """

    device: Device

    def __init__(
        self,
        flash: Path,
        document: Mapping[str, Any],
        apns: dict[str, set[str]],
        faults: Faults | None = None,
    ) -> None:
        flash.mkdir(exist_ok=True)
        self._document = {**document, "flash": str(flash)}
        self._apns = apns
        self._faults = faults
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.port = 0
        self.boot()

    def boot(self) -> None:
        """Power on; the port stays the same over boots."""
        self._call(self._boot)

    async def _boot(self) -> None:
        self.radio = MemoryRadio(self._apns)
        self.device = self._make(json.loads(json.dumps(self._document)))
        await self.device.start()
        self.port = await self._make_front().start("127.0.0.1", self.port)

    @abstractmethod
    def _make(self, document: dict[str, Any]) -> Device:
        """The device that has been told `document`, not yet booted."""

    @abstractmethod
    def _make_front(self) -> Front:
        """What the device is reached by."""

    def power_cut(self) -> None:
        """Power off at once: unsaved configuration is lost."""
        self._call(self._power_cut)

    @abstractmethod
    async def _power_cut(self) -> None: ...

    def close(self) -> None:
        """End everything."""
        self.power_cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)

    def lose_bearer(self) -> None:
        """The network drops the bearer."""
        self._loop.call_soon_threadsafe(self.radio.lose)

    @property
    def attached(self) -> bool:
        """Whether a bearer is up."""
        return self.device.bearer is not None

    def wait_for(self, condition: Callable[[], bool], what: str, within_s: float = 10.0) -> None:
        """Wait for something about the device. Raises `TimeoutError` naming it."""
        if not comes_true(condition, within_s, every=_LOOK_S):
            raise TimeoutError(what)

    def wait_attached(self) -> None:
        """Wait until a bearer is up."""
        self.wait_for(lambda: self.attached, "the bearer did not come up")

    def wait_saved(self) -> None:
        """Wait until flash holds what survives a power cut."""
        self.wait_for(lambda: not self.device.store.saving, "the configuration was not saved")

    def _call(self, function: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return asyncio.run_coroutine_threadsafe(function(), self._loop).result(timeout=30)

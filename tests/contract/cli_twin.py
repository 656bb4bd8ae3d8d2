"""A twin with a mode-full console inside the running process, for the benches of IOS and VyOS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from lab.twins.engine.radio import MemoryRadio
from lab.twins.engine.terminal import TerminalFront
from lab.twins.harness import APNS, DEFAULTS, SIMS, RunningTwin

if TYPE_CHECKING:
    from pathlib import Path

    from lab.twins.engine.faults import Faults

INDOSAT_SIM, TELKOMSEL_SIM = SIMS["up"], SIMS["down"]
_OTHER_DEVICES = ("save_delay_s", "startup_s")


class CliTwin(RunningTwin):
    """A booted twin; subclasses say of what.

    Args:
        directory: flash and host key live here.
        faults: what goes wrong.
        overrides: keys of the twin's configuration.
    """

    parse: ClassVar[Any]
    device_class: ClassVar[Any]
    slots: ClassVar[tuple[str, str]]

    def __init__(self, directory: Path, faults: Faults | None = None, **overrides: object) -> None:
        home, away = self.slots
        initial = {**DEFAULTS["initial"], "sim_slot": home}
        sims = {home: INDOSAT_SIM, away: TELKOMSEL_SIM}
        super().__init__(directory, faults, **{"initial": initial, "sims": sims, **overrides})

    async def _boot(self) -> None:
        self.radio = MemoryRadio(APNS)
        document = json.loads(json.dumps(self._document))
        for key in _OTHER_DEVICES:
            document.pop(key, None)
        make: Any = type(self).device_class
        self.device = make(type(self).parse(document), self.radio, self._faults, self._clock)
        await self.device.start()
        self._front = TerminalFront(self.device, self.host_key_file)
        self.port = await self._front.start("127.0.0.1", self.port)

"""A twin with a mode-full console inside the running process, for the benches of IOS and VyOS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from lab.twins.engine.radio import MemoryRadio
from lab.twins.engine.terminal import TerminalFront
from lab.twins.harness import APNS, DEFAULTS, SIMS, RunningTwin
from tests.contract.bench import Situation

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

    from lab.twins.engine.faults import Faults

PASSWORD = DEFAULTS["users"]["rekamatan"]["password"]
INDOSAT_SIM, TELKOMSEL_SIM = SIMS["up"], SIMS["down"]
SITUATIONS: dict[Situation, dict[str, object]] = {
    Situation.NORMAL: {},
    Situation.NO_SIM: {"sims": {}},
    Situation.PIN_LOCKED: {"pin_locked": True},
    Situation.RESTARTING: {"absent_seconds": 60.0},
}
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
    situations: ClassVar[dict[Situation, dict[str, object]]]
    to_away_slot: ClassVar[str]  # the command that restarts the modem on the other SIM

    def __init__(self, directory: Path, faults: Faults | None = None, **overrides: object) -> None:
        home, away = self.slots
        initial = {**DEFAULTS["initial"], "sim_slot": home}
        sims = {home: INDOSAT_SIM, away: TELKOMSEL_SIM}
        super().__init__(directory, faults, **{"initial": initial, "sims": sims, **overrides})

    @classmethod
    def found_as(cls, directory: Path, situation: Situation, faults: Faults) -> Self:
        """A device found in a situation of the contract suite."""
        twin = cls(directory, faults, **cls.situations[situation])
        if situation is Situation.RESTARTING:
            twin.wait_attached()
            twin.console(cls.to_away_slot)
        return twin

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

"""EEM applets with a countdown timer: the few statements that a dead man's applet needs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab.twins.ios.device import Device

_NAME = re.compile(r"event manager applet (\S+)")
_COUNTDOWN = re.compile(r"event timer countdown time (\d+)")
_ACTION = re.compile(r"action (\S+)\s+(.*)")
_STRING = re.compile(r'"([^"]*)"')
_OPERATORS = {"eq": lambda a, b: a == b, "ne": lambda a, b: a != b}


def register(device: Device) -> None:
    """Start what the configuration has and was not started; forget what it has no more."""
    configured: dict[str, str] = {}
    for top, below in device.running.items():
        applet = _NAME.match(top)
        countdowns = [m[1] for line in below if (m := _COUNTDOWN.match(line))]
        if applet and countdowns:
            configured[applet[1]] = countdowns[0]
    for name in [n for n in device.registered_applets if n not in configured]:
        del device.registered_applets[name]
        device.alarms.cancel(f"applet {name}")
    for name, seconds in configured.items():
        if name not in device.registered_applets:
            device.registered_applets[name] = device.clock.now()
            device.alarms.set(f"applet {name}", float(seconds), Run(device, name))


def registered(device: Device) -> str:
    """`show event manager policy registered`."""
    lines = ["No.  Class     Type    Event Type          Trap  Time Registered           Name"]
    for at, (name, since) in enumerate(device.registered_applets.items(), start=1):
        lines.append(
            f"{at:<4} applet    user    timer countdown     Off   "
            f"{since:%a %b %d %H:%M:%S %Y}  {name}"
        )
    return "\n".join(lines)


@dataclass
class Run:
    """One run of an applet: its variables, and where it is in its `if` blocks."""

    device: Device
    name: str
    variables: dict[str, str] = field(default_factory=dict)
    _skipping: list[bool] = field(default_factory=list)

    async def __call__(self) -> None:
        """Run the actions in the order of their labels as text."""
        actions = []
        for top, below in self.device.running.items():
            if (found := _NAME.match(top)) and found[1] == self.name:
                actions = [m for line in below if (m := _ACTION.match(line))]
        for action in sorted(actions, key=lambda match: match[1]):
            if not await self._step(action[2]):
                return

    async def _step(self, statement: str) -> bool:
        """One statement; False ends the applet."""
        word = statement.split(maxsplit=1)[0]
        if word == "if":
            self._skipping.append(not self._holds(statement))
        elif word == "end":
            self._skipping.pop()
        elif any(self._skipping):
            return True
        elif word == "exit":
            return False
        else:
            await self._act(word, statement)
        return True

    def _holds(self, statement: str) -> bool:
        _, variable, operator, value = statement.split(maxsplit=3)
        return bool(_OPERATORS[operator](self._filled(variable), value))

    async def _act(self, word: str, statement: str) -> None:
        strings = [self._filled(text) for text in _STRING.findall(statement)]
        if word == "cli":
            self.variables["$_cli_result"] = await self.device.execute("", strings[0])
        elif word == "regexp":
            matched = re.search(strings[0], strings[1]) is not None
            self.variables["$_regexp_result"] = "1" if matched else "0"
        elif word == "syslog":
            self.device.log(f"%HA_EM-6-LOG: {self.name}: {strings[0]}")

    def _filled(self, text: str) -> str:
        return self.variables.get(text, text)

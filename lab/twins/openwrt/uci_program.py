"""The program `uci` as the shell starts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.twins.openwrt.uci_cli import Uci
from lab.twins.openwrt.uci_usage import USAGE

if TYPE_CHECKING:
    from lab.twins.openwrt.shell import Program, Shell
    from lab.twins.openwrt.streams import Streams


async def _uci(sh: Shell, arguments: list[str], io: Streams) -> int:
    """The program."""
    program = Uci(sh.device.files, io)
    rest = program.options(arguments)
    if not rest:
        io.err.append(USAGE)
        return 0
    if rest[0] == "batch":
        program.text = _past_faults(sh, io, await io.stdin.read())
    elif rest[0] == "import":
        program.text = await io.stdin.read()
    return program.run(rest)


def _past_faults(sh: Shell, io: Streams, text: str) -> str:
    """The lines of a batch that no fault takes away; a line is matched as if typed by itself."""
    faults, kept = sh.device.faults.current(), []
    for line in text.splitlines():
        answer = faults.answer(f"uci {line}")
        if answer is None:
            kept.append(line)
        elif answer:
            io.say(answer)
    return "".join(f"{line}\n" for line in kept)


PROGRAMS: dict[str, Program] = {"uci": _uci}

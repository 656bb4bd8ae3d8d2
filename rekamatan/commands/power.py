"""`rekamatan power`: is this server on mains or on its battery?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rekamatan.language import Phrase
from rekamatan.plain import to_plain
from rekamatan.power.nut import read_power

if TYPE_CHECKING:
    import argparse

    from rekamatan.language import Language
    from rekamatan.power.nut import PowerState

OK, ON_BATTERY, UNKNOWN = 0, 1, 4
MAINS = Phrase(id="Server memakai listrik PLN.", en="The server is on mains.")
BATTERY = Phrase(
    id="LISTRIK PADAM: server memakai baterai{left}. Server akan mati sendiri dengan aman dan "
    "hidup lagi bila listrik kembali.",
    en="MAINS FAILED: the server is on its battery{left}. It will shut down safely by itself and "
    "start again when the mains are back.",
)
LEFT = Phrase(id=", kira-kira {minutes:.0f} menit lagi", en=", about {minutes:.0f} minutes left")
NOT_KNOWN = Phrase(
    id="Tidak diketahui apakah server memakai PLN atau baterai: {detail}",
    en="Not known whether the server is on mains or on a battery: {detail}",
)
LOW = Phrase(id="Baterai hampir habis.", en="The battery is nearly empty.")
REPLACE = Phrase(
    id="Baterai UPS sudah lemah: minta kabupaten menggantinya.",
    en="The UPS battery is worn out: ask the district office to replace it.",
)
_MINUTE_S = 60.0


def register(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser],
    common: argparse.ArgumentParser,
) -> None:
    """Add `power`."""
    parser = subparsers.add_parser("power", parents=[common], help="on mains or on the battery?")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Exit 0 on mains, 1 on battery, 4 when it is not known."""
    state = read_power()
    if arguments.json:
        print(json.dumps(to_plain(state)))  # noqa: T201 - the command's own output
    else:
        print("\n".join(lines(state, arguments.lang)))  # noqa: T201
    return {"mains": OK, "battery": ON_BATTERY, "unknown": UNKNOWN}[state.supply]


def lines(state: PowerState, language: Language) -> list[str]:
    """The state in sentences."""
    if state.supply == "unknown":
        return [NOT_KNOWN(language, detail=state.detail)]
    if state.supply == "mains":
        said = [MAINS(language)]
    else:
        minutes = None if state.runtime_s is None else state.runtime_s / _MINUTE_S
        left = "" if minutes is None else LEFT(language, minutes=minutes)
        said = [BATTERY(language, left=left)]
    if state.low:
        said.append(LOW(language))
    if state.replace_battery:
        said.append(REPLACE(language))
    return said

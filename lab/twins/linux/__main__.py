"""The modem as a service of the machine: its serial ports and its carrier.

`python3 -m lab.twins.linux FOLDER`: reads FOLDER/modem.json, writes what happens to it to
FOLDER/seen.json, and takes words from a person on FOLDER/modem.sock: `lose`, `out`, `in`.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import sys
from pathlib import Path
from typing import Any

from lab.twins.linux.at_modem import AtModem, Card
from lab.twins.linux.carrier import Carrier
from lab.twins.linux.ports import SerialPort
from lab.twins.linux.seen import tell
from lab.twins.linux.sysfs import PORTS

_SHARED_EVERY_S = 0.2


class Stick:
    """The modem, its ports, and who looks after it."""

    def __init__(self, folder: Path) -> None:
        document: dict[str, Any] = json.loads((folder / "modem.json").read_text(encoding="utf-8"))
        card = Card(**document["card"]) if document.get("card") else None
        self._pocket = card
        self.modem = AtModem(Carrier(document["apns"]), card, **document.get("modem", {}))
        self.modem.changed = self.tell
        self._folder = folder
        self._log = (folder / "at.log").open("a", buffering=1, encoding="utf-8")
        self.ports = [
            SerialPort(name, self._answering(name)) for kind, name in PORTS if kind == "tty"
        ]

    def _answering(self, port: str) -> Any:  # noqa: ANN401 - str -> str
        def answer(line: str) -> str:
            said = self.modem.answer(line)
            self._log.write(f"{port} {line!r} -> {said!r}\n")
            return said

        return answer

    def tell(self) -> None:
        """Write down what the carrier's side of the bearer is now."""
        tell(self._folder, self.modem.gaps, self.modem.dialled)

    def obey(self, word: str) -> None:
        """What a person, or the network, does to the stick."""
        if word == "lose":
            self.ports[0].say(self.modem.lose())
        elif word == "out":
            self.ports[0].say(self.modem.lose())
            self.modem.card = None
        elif word == "in":
            self.modem.card = self._pocket


def serve(folder: Path) -> None:
    """Answer for ever."""
    stick = Stick(folder)
    stick.tell()
    words = folder / "modem.sock"
    words.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listening.bind(str(words))
    selector = selectors.DefaultSelector()
    for port in stick.ports:
        selector.register(port.master, selectors.EVENT_READ, port)
    selector.register(listening, selectors.EVENT_READ)
    _notify_ready()
    while True:
        for port in stick.ports:
            port.share()
        for key, _ in selector.select(_SHARED_EVERY_S):
            if key.data is not None:
                key.data.readable()
            else:
                stick.obey(listening.recv(64).decode().strip())


def _notify_ready() -> None:
    """Tell systemd that the ports are there: ModemManager is started after (sd_notify(3))."""
    if address := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            told.sendto(b"READY=1", address.replace("@", "\0", 1))


if __name__ == "__main__":
    serve(Path(sys.argv[1]))

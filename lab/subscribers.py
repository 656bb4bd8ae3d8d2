"""Who holds which address: the packet gateway itself is asked, over its VTY.

Runs inside the carrier container: standard library only.
"""

from __future__ import annotations

import re
import socket

VTY_ADDRESS = ("127.0.0.1", 4260)
_QUESTION = b"show pdp-context ggsn ggsn0\r\n"
_IMSI = re.compile(r"^IMSI: (\d{6,15}),")
_ADDRESS = re.compile(r"^\s*End-User Address \(IPv4\): (\d+\.\d+\.\d+\.\d+)$")


def parse_contexts(text: str) -> dict[str, str]:
    """Subscriber address -> IMSI, from what `show pdp-context` prints."""
    found: dict[str, str] = {}
    imsi = ""
    for line in text.splitlines():
        if seen := _IMSI.search(line):
            imsi = seen.group(1)
        if imsi and (address := _ADDRESS.search(line)):
            found[address.group(1)] = imsi
    return found


def ask(timeout: float = 1.0) -> dict[str, str]:
    """Ask the running gateway. Raises `OSError` when it does not answer."""
    with socket.create_connection(VTY_ADDRESS, timeout=timeout) as vty:
        _read_to_prompt(vty)
        vty.sendall(b"enable\r\n")
        _read_to_prompt(vty)
        vty.sendall(_QUESTION)
        return parse_contexts(_read_to_prompt(vty))


def _read_to_prompt(vty: socket.socket) -> str:
    """Everything up to the next `>` or `#` prompt at the start of a line."""
    text = b""
    while not re.search(rb"(^|\n)\S+[>#] $", text):
        chunk = vty.recv(65536)
        if not chunk:
            break
        text += chunk
    return text.decode("ascii", "replace")

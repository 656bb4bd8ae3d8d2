#!/usr/bin/python3 -SE
"""Runs what came over SSH, unless the one who runs the twin wants the machine to misbehave.

The command line is told to a socket; the answer says what to do with it. Nothing listens there on
a machine that is to behave.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys

_DOOR = "/twin/faults.sock"
_SHELL = "/bin/bash"


def tell(message: dict[str, str]) -> dict[str, str]:
    """What the one who runs the twin says to it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        try:
            door.connect(_DOOR)
        except OSError:
            return {}
        door.sendall(json.dumps(message).encode() + b"\n")
        return dict(json.loads(door.makefile().readline() or "{}"))


def main() -> int:
    """Do it, or pretend."""
    command = os.environ.get("SSH_ORIGINAL_COMMAND", "")
    told = tell({"command": command})
    if "answer" in told:
        sys.stdin.read()
        print(told["answer"])
        return 0
    argv = [_SHELL, "-c", command] if command else [_SHELL, "-l"]
    if "hang_up" not in told:
        os.execv(_SHELL, argv)  # noqa: S606 - it is the shell
    status = subprocess.run(argv, check=False).returncode
    tell({"done": command})
    return status


if __name__ == "__main__":
    sys.exit(main())

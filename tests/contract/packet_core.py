"""Carriers' packet cores and a modem's place, in network namespaces of this test. Needs root."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from typing import TYPE_CHECKING

from lab.carrier import ggsn_config

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack
    from pathlib import Path

    from lab.topology import Carrier

POSSIBLE = os.geteuid() == 0 and bool(shutil.which("osmo-ggsn")) and bool(shutil.which("sgsnemu"))
NEEDS = "needs root, osmo-ggsn and sgsnemu"
DNS = "198.51.100.10"
MODEM = f"rk-modem-{os.getpid()}"  # the modem's namespace


def ip(*arguments: str) -> None:
    """`ip`, or the test fails with what it said."""
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


def in_namespace(name: str, *command: str) -> list[str]:
    """The argv that runs `command` there."""
    return ["ip", "netns", "exec", name, *command]


def end(process: subprocess.Popen[bytes]) -> None:
    """As a power cut ends it."""
    process.kill()
    process.wait(timeout=5)


def namespace(stack: ExitStack, name: str) -> None:
    """A network namespace, gone when the stack is."""
    ip("netns", "add", name)
    stack.callback(ip, "netns", "del", name)
    ip("-n", name, "link", "set", "lo", "up")


def wire(near: tuple[str, str, str], far: tuple[str, str, str]) -> None:
    """A cable between two (namespace, interface, address with prefix; empty: none)."""
    (here, mine, _), (there, theirs, _) = near, far
    ip("link", "add", mine, "netns", here, "type", "veth", "peer", theirs, "netns", there)
    for name, interface, address in (near, far):
        if address:
            ip("-n", name, "addr", "add", address, "dev", interface)
        ip("-n", name, "link", "set", interface, "up")


def start_carrier(stack: ExitStack, directory: Path, carrier: Carrier, at: str) -> None:
    """A carrier's packet gateway; the modem gets a port to it with address `at`.

    Behind it there is one address to be reached: `carrier.public_address`.
    """
    core = f"rk-{carrier.slug}-{os.getpid()}"
    namespace(stack, core)
    wire((MODEM, carrier.modem_port, f"{at}/24"), (core, "gn", f"{carrier.gateway}/24"))
    ip("-n", core, "addr", "add", f"{carrier.public_address}/32", "dev", "lo")
    state = directory / carrier.slug
    state.mkdir()
    text = ggsn_config(carrier, DNS).replace("/var/lib/ggsn", str(state))
    (state / "ggsn.cfg").write_text(text, encoding="ascii")
    command = in_namespace(core, "osmo-ggsn", "-c", str(state / "ggsn.cfg"))
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    stack.callback(end, process)


def answers(name: str, address: str) -> bool:
    """Whether packets from this namespace go to `address` and come back.

    A refusal by the far end is an answer; neither side needs a program for it.
    """
    probe = f"import socket; s = socket.create_connection(({address!r}, 9), 2)"
    command = in_namespace(name, "python3", "-c", probe)
    done = subprocess.run(command, capture_output=True, check=False)
    return b"ConnectionRefusedError" in done.stderr


def until(condition: Callable[[], bool], what: str, within_s: float = 30.0) -> None:
    """Wait for it. Raises `AssertionError` naming what did not come true."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {within_s:g} s: {what}"
        time.sleep(0.2)

"""The `rekamatan-lab` command."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lab import district, engine, faults, state, status, workstations
from lab.paths import EXAMPLE_INVENTORY, ROOT
from rekamatan.errors import RekamatanError

if TYPE_CHECKING:
    from collections.abc import Sequence

_TUNNELS_S = 45.0  # attach, a lost handshake or two, a gap of the congested link


def build_parser() -> argparse.ArgumentParser:
    """All subcommands."""
    parser = argparse.ArgumentParser(prog="rekamatan-lab", description="A district on one machine.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    up = commands.add_parser("up", help="raise the lab, or complete it")
    up.add_argument("--sites", type=int, default=4, help="how many offices (default 4)")
    up.add_argument("--inventory", type=Path, default=EXAMPLE_INVENTORY, help="example district")
    up.add_argument("--attach-seconds", type=float, default=2.0, help="how long a modem attaches")
    up.set_defaults(run=_up)
    commands.add_parser("down", help="remove it").set_defaults(run=_down)
    show = commands.add_parser("status", help="what is up")
    show.add_argument("--json", action="store_true", help="machine-readable")
    show.set_defaults(run=_status)
    execute = commands.add_parser("exec", help="run a command in a machine, by the back door")
    execute.add_argument("node", help="server-kubu, modem-kubu, carrier-indosat, pusat")
    execute.add_argument("argv", nargs=argparse.REMAINDER, help="-- command and its arguments")
    execute.set_defaults(run=_exec)
    faults.register(commands)
    workstations.register(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand; errors as one sentence, exit 1."""
    given = list(sys.argv[1:] if argv is None else argv)
    arguments = build_parser().parse_args(given)
    if os.geteuid() != 0:
        return _as_root(given)
    try:
        return int(arguments.run(arguments))
    except RekamatanError as error:
        print(f"rekamatan-lab: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130


def _as_root(argv: list[str]) -> int:
    """Start again through sudo: network namespaces, loop mounts and podman need root."""
    why = "the lab lays cables between network namespaces and starts containers: that needs root"
    print(f"rekamatan-lab: {why}; calling sudo", file=sys.stderr, flush=True)
    command = ["sudo", "env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "lab", *argv]
    return subprocess.call(command)


def _up(arguments: argparse.Namespace) -> int:
    with state.exclusive():
        district.up(arguments.inventory, arguments.sites, arguments.attach_seconds)
    found = status.wait_for_tunnels(_TUNNELS_S + arguments.attach_seconds)
    print(status.table(found))
    return 0


def _down(arguments: argparse.Namespace) -> int:
    del arguments
    with state.exclusive():
        district.down()
    return 0


def _status(arguments: argparse.Namespace) -> int:
    found = status.read()
    print(json.dumps(found, indent=1) if arguments.json else status.table(found))
    return 0 if found["raised"] else 1


def _exec(arguments: argparse.Namespace) -> int:
    command = arguments.argv[1:] if arguments.argv[:1] == ["--"] else arguments.argv
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    argv = engine.exec_argv(arguments.node, command or ["bash"], terminal=terminal)
    return subprocess.call(argv)

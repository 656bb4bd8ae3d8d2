"""The `rekamatan` command: parses, calls one subcommand, translates errors to exit codes.

Exit codes: 0 ok, 1 failed, 2 usage or wrong configuration, 3 refused, 4 unknown.
"""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import sys
from typing import TYPE_CHECKING

from rekamatan import __version__, commands
from rekamatan.errors import RekamatanError

if TYPE_CHECKING:
    from collections.abc import Sequence


def build_parser() -> argparse.ArgumentParser:
    """The parser with every module under `rekamatan.commands` registered."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="machine-readable output")
    common.add_argument("--lang", choices=("id", "en"), default="id", help="language (default id)")
    parser = argparse.ArgumentParser(prog="rekamatan", description=__doc__.splitlines()[0])
    parser.add_argument("--version", action="version", version=__version__)
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="command")
    for found in sorted(pkgutil.iter_modules(commands.__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{commands.__name__}.{found.name}")
        if hasattr(module, "register"):  # one that has none adds actions to another's command
            module.register(subparsers, common)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand; never a traceback for an error we know."""
    arguments = build_parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except RekamatanError as error:
        if arguments.json:
            problem = {
                "error": type(error).__name__,
                "subject": error.subject,
                "action": error.action,
                "reason": error.reason,
                "hint": error.hint,
            }
            print(json.dumps(problem))  # noqa: T201 - the CLI's own output
        else:
            print(f"rekamatan: {error}", file=sys.stderr)  # noqa: T201
        return error.exit_code
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())

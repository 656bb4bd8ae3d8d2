"""`rekamatan verify`: is the office's link good enough for records?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rekamatan import paths
from rekamatan.agent.credentials import available
from rekamatan.agent.sentences import EXIT_OK, gate_exit, say_gate
from rekamatan.agent.units import ask_reader, require_root, take_question, told_to_the_asker
from rekamatan.config import load_site
from rekamatan.errors import ConfigError
from rekamatan.plain import to_plain
from rekamatan.verify.gate import say
from rekamatan.verify.store import gate_from
from rekamatan.wan import request

if TYPE_CHECKING:
    import argparse

    from rekamatan.models import GateResult, Site

MARKS = {True: "ok", False: "!!", None: "--"}


def register(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser],
    common: argparse.ArgumentParser,
) -> None:
    """Add `verify`."""
    parser = subparsers.add_parser("verify", parents=[common], help="check the office's link")
    parser.add_argument("--no-canary", action="store_true", help="without the 2 MB test record")
    parser.add_argument("--profile", default="", help="whose limits count (default: the active)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Measure inside the unit; from outside, have the unit do it and show what it found."""
    site = load_site()
    if arguments.profile and arguments.profile not in site.profiles:
        known = ", ".join(sorted(site.profiles))
        raise ConfigError("--profile", arguments.profile, "not a profile here", f"use {known}")
    if not available("modem-read"):
        require_root("verify")
        with request.exclusive(paths.WAN):
            pass  # two canaries at once would make a good link look slow
        question = {"canary": not arguments.no_canary, "profile": arguments.profile}
        return _show(gate_from(ask_reader(question, "last.json")["gate"]), arguments)
    return _answer(site, arguments)


def _answer(site: Site, arguments: argparse.Namespace) -> int:
    """In the unit: exit 0 once the answer is written, whatever the verdict."""
    from rekamatan.agent import reading  # noqa: PLC0415 - loads the modem drivers

    question = take_question(paths.VERIFY)
    with told_to_the_asker(question):
        if question.get("kind") == "plan":
            reading.plan(site, question)
        elif question.get("kind") == "survey":
            reading.survey(site, question)
        else:
            asked = {"canary": not arguments.no_canary, "profile": arguments.profile} | question
            _show(reading.verify(site, asked), arguments)
    return EXIT_OK


def _show(result: GateResult, arguments: argparse.Namespace) -> int:
    sentence = say_gate(result, arguments.lang)
    if arguments.json:
        print(json.dumps(to_plain(result) | {"sentence": sentence}, sort_keys=True))  # noqa: T201
    else:
        for probe in result.probes:
            print(f"{MARKS[probe.ok]}  {say(probe)}")  # noqa: T201
        print(sentence)  # noqa: T201
    return gate_exit(result)

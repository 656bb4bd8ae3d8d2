"""`rekamatan modem`: what the office's modem hears, and its kept configurations."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from rekamatan import paths
from rekamatan.agent.follow import follow
from rekamatan.agent.sentences import EXIT_FAILED, EXIT_OK, EXIT_REFUSED, STEPS, outcome_exit
from rekamatan.agent.survey_words import (
    NONE_KEPT,
    NOT_RESTORED,
    RESTORED,
    SAME,
    say_refused,
    say_sightings,
    say_trouble,
)
from rekamatan.agent.units import ask_reader, require_root
from rekamatan.clock import SystemClock
from rekamatan.config import load_site
from rekamatan.errors import ConfigError
from rekamatan.models import SwitchState
from rekamatan.modems.backups import difference, kept, label_of, read_backup
from rekamatan.plain import to_plain
from rekamatan.wan import request
from rekamatan.wan.disk import DirectoryDisk
from rekamatan.wan.plan import Reason, in_words
from rekamatan.wan.sightings import fresh_sighting, sightings
from rekamatan.wan.survey import HEARD
from rekamatan.wan.window import window_reasons

if TYPE_CHECKING:
    from collections.abc import Callable

    from rekamatan.models import Site, SwitchOutcome


def register(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser],
    common: argparse.ArgumentParser,
) -> None:
    """Add `modem` with its actions."""
    parser = subparsers.add_parser("modem", parents=[common], help="the office's modem")
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")
    survey = actions.add_parser("survey", help="what each SIM hears: signal and operator")
    survey.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
    survey.add_argument("--lang", choices=("id", "en"), default=argparse.SUPPRESS)
    survey.add_argument("--active", action="store_true", help="the active SIM only")
    survey.add_argument("--profile", default="", help="one profile instead of all")
    survey.add_argument(
        "--window",
        default="",
        metavar="START/END",
        help="when the link may be dropped to hear the other SIM, two ISO moments with zone",
    )
    survey.set_defaults(run=run_survey)
    backups = actions.add_parser("backups", help="the kept configurations, or what one differs in")
    backups.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
    backups.add_argument("--lang", choices=("id", "en"), default=argparse.SUPPRESS)
    backups.add_argument("--diff", default="", metavar="NAME", help="from the newest to this one")
    backups.set_defaults(run=run_backups)
    restore = actions.add_parser("restore", help="put a kept configuration back, or come back")
    restore.add_argument("name", help="as `backups` lists it")
    restore.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
    restore.add_argument("--lang", choices=("id", "en"), default=argparse.SUPPRESS)
    restore.set_defaults(run=run_restore)


def run_survey(arguments: argparse.Namespace) -> int:
    """Hear the active SIM at once, and in a maintenance window the others too.

    Exit 0 when everything asked for was heard or is known from the last two weeks; 3 when a SIM
    would have to be moved outside a window; 1 when a network did not let its card in.
    """
    require_root("survey")
    site = load_site()
    if arguments.profile and arguments.profile not in site.profiles:
        known = ", ".join(sorted(site.profiles))
        raise ConfigError("--profile", arguments.profile, "not a profile here", f"use {known}")
    found = ask_reader({"kind": "survey"}, "survey.json")
    silent = [] if arguments.active else _silent(site, found, arguments)
    refused = in_words(_refusals(silent, able=found["able"], window=arguments.window))
    ended = [] if refused else [_go(profile, arguments) for profile in silent]
    _show(site, found["active"], refused, ended, arguments)
    if refused:
        return EXIT_REFUSED
    return max((_exit(outcome) for outcome in ended), default=EXIT_OK)


def run_backups(arguments: argparse.Namespace) -> int:
    """List what is kept; with `--diff` show what going back to one would change.

    Exit 3 for a backup that was altered or is another modem's, 2 for one that is not there.
    """
    require_root("read the backups")
    if arguments.diff:
        lines = difference(paths.MODEM, arguments.diff)
        if arguments.json:
            print(json.dumps({"name": arguments.diff, "diff": lines}))  # noqa: T201
        else:
            print("\n".join(lines) or SAME(arguments.lang))  # noqa: T201
        return EXIT_OK
    found = [{"name": path.name, "of": to_plain(label_of(path))} for path in kept(paths.MODEM)]
    if arguments.json:
        print(json.dumps(found))  # noqa: T201 - the command's own output
    else:
        print("\n".join(str(one["name"]) for one in found) or NONE_KEPT(arguments.lang))  # noqa: T201
    return EXIT_OK


def run_restore(arguments: argparse.Namespace) -> int:
    """Through the switch's own transaction; exit 3 when refused, 1 when it came back."""
    require_root("restore a backup")
    text = read_backup(paths.MODEM, arguments.name)
    outcome = follow(request.submit("restore", "", "", backup=text), _tell(arguments))
    if arguments.json:
        print(json.dumps(to_plain(outcome), sort_keys=True))  # noqa: T201 - the command's output
    else:
        phrase = RESTORED if outcome_exit(outcome) == EXIT_OK else NOT_RESTORED
        print(phrase(arguments.lang, reason=outcome.reason))  # noqa: T201
    return outcome_exit(outcome)


def _silent(site: Site, found: dict[str, Any], arguments: argparse.Namespace) -> list[str]:
    """Profiles that have to be visited: with a window all that were asked for, else the unknown."""
    wanted = [arguments.profile] if arguments.profile else list(site.profiles)
    others = [name for name in wanted if name != found["active"]]
    if arguments.window:
        return others
    disk, now = DirectoryDisk(paths.WAN), SystemClock().wall()
    return [name for name in others if fresh_sighting(disk, name, now) is None]


def _refusals(silent: list[str], *, able: bool, window: str) -> tuple[Reason, ...]:
    """Before a unit is started; the unit looks again, and knows how long it takes."""
    if not silent:
        return ()
    if not able:
        return (Reason("not_supported", "this modem cannot move to another SIM"),)
    return window_reasons(window, SystemClock().wall(), 0.0)


def _go(profile: str, arguments: argparse.Namespace) -> SwitchOutcome:
    run_id = request.submit("survey", profile, "", window=arguments.window)
    return follow(run_id, _tell(arguments))


def _tell(arguments: argparse.Namespace) -> Callable[[SwitchState, float], None]:
    def tell(state: SwitchState, seconds: float) -> None:
        if not arguments.json:
            print(f"{seconds:6.0f} s  {STEPS[state](arguments.lang)}", flush=True)  # noqa: T201

    return tell


def surveyed(outcome: SwitchOutcome) -> bool:
    """Back where it was, with a network heard."""
    back = outcome.state is SwitchState.REVERTED and outcome.active == outcome.previous
    return back and outcome.reason.startswith(HEARD)


def _exit(outcome: SwitchOutcome) -> int:
    if surveyed(outcome) or outcome.state is SwitchState.COMMITTED:
        return EXIT_OK
    return outcome_exit(outcome) or EXIT_FAILED


def _show(
    site: Site,
    active: str | None,
    refused: str,
    ended: list[SwitchOutcome],
    arguments: argparse.Namespace,
) -> None:
    known = sightings(DirectoryDisk(paths.WAN))
    if arguments.json:
        document = {
            "active": active,
            "sightings": to_plain(known),
            "refused": refused,
            "runs": [to_plain(outcome) for outcome in ended],
        }
        print(json.dumps(document, sort_keys=True))  # noqa: T201 - the command's own output
        return
    lines = say_sightings(site, known, arguments.lang)
    lines += [say_trouble(one, arguments.lang) for one in ended if not surveyed(one)]
    lines += [say_refused(refused, arguments.lang)] if refused else []
    print("\n".join(lines))  # noqa: T201

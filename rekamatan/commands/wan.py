"""`rekamatan wan`: plan, switch, roll back and settle the office's carrier."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from rekamatan import paths
from rekamatan.agent import credentials
from rekamatan.agent.follow import follow
from rekamatan.agent.sentences import (
    EXIT_OK,
    EXIT_REFUSED,
    EXIT_UNKNOWN,
    REFUSED,
    STEPS,
    explained,
    outcome_exit,
    say_outcome,
)
from rekamatan.agent.trail import leave_evidence
from rekamatan.agent.units import ask_reader, require_root
from rekamatan.agent.wan_words import (
    ASIDE,
    NOTHING_PENDING,
    PENDING,
    STARTED,
    UPLINK_AS_IT_IS,
    UPLINK_RESTORED,
    say_plan,
)
from rekamatan.clock import SystemClock
from rekamatan.commands import order
from rekamatan.config import load_site
from rekamatan.errors import RefusedError, RekamatanError
from rekamatan.models import SwitchState
from rekamatan.plain import to_plain
from rekamatan.wan import request
from rekamatan.wan.disk import DirectoryDisk
from rekamatan.wan.job_sheet import job_sheet
from rekamatan.wan.journal import TERMINAL, Journal
from rekamatan.wan.order import reasons_at_the_door
from rekamatan.wan.order_signature import OpensshSignatures
from rekamatan.wan.plan import Reason, in_words
from rekamatan.wan.run import SwitchRequest, elapsed

if TYPE_CHECKING:
    from collections.abc import Callable

    from rekamatan.language import Phrase
    from rekamatan.models import SwitchOutcome

ACTIONS = {
    "plan": "show what a switch would change; touches nothing",
    "switch": "switch to another profile, verified, or come back",
    "rollback": "return to the profile that passed before",
    "confirm": "settle an interrupted switch: confirm it if it may be",
    "pending": "what is under way",
    "outcome": "how a run ended, or where it is",
    "job": "the technician's job sheet for a run that found no working link",
    "run": "(unit rekamatan-wan) do what was asked for",
    "recover": "settle what was interrupted (at boot: unit rekamatan-recover)",
    "uplink": "(unit rekamatan-uplink) prefer the chosen uplink again, behind plain routers",
}


def register(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser],
    common: argparse.ArgumentParser,
) -> None:
    """Add `wan` with its actions."""
    parser = subparsers.add_parser("wan", parents=[common], help="the office's carrier")
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")
    runs = globals()
    for name, text in ACTIONS.items():
        action = actions.add_parser(name, help=text)
        action.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
        action.add_argument("--lang", choices=("id", "en"), default=argparse.SUPPRESS)
        action.set_defaults(run=runs[f"run_{name}"])
    actions.choices["switch"].add_argument("--profile", required=True, help="profile to go to")
    where = actions.choices["plan"].add_mutually_exclusive_group(required=True)
    where.add_argument("--profile", default="", help="profile to go to")
    where.add_argument("--rollback", action="store_true", help="back to the one before")
    for name in ("plan", "switch", "rollback"):
        order.add_arguments(actions.choices[name])
    for name in ("switch", "rollback", "confirm"):
        actions.choices[name].add_argument(
            "--detach", action="store_true", help="do not wait for the end"
        )
    for name in ("outcome", "job"):
        actions.choices[name].add_argument("run_id")
    actions.choices["recover"].add_argument(
        "--set-aside", action="store_true", help="put a damaged journal away and begin a new one"
    )


def run_plan(arguments: argparse.Namespace) -> int:
    """Ask the unit that may read the modem; exit 3 when a switch would be refused."""
    require_root("plan a switch")
    number, text = order.given(arguments)
    question = {"kind": "plan", "profile": arguments.profile, "rollback": arguments.rollback}
    question |= {"order": number, "order_file": text}
    found = ask_reader(question, "plan.json")
    found["checks"] = explained(found["checks"], arguments.lang)
    if arguments.json:
        _print_json(found)
    else:
        print("\n".join(say_plan(found, arguments.lang)))  # noqa: T201
        if found["reasons"]:
            text = in_words(Reason(**reason) for reason in found["reasons"])
            print(f"{REFUSED(arguments.lang)} {text}", file=sys.stderr)  # noqa: T201
    return EXIT_REFUSED if found["reasons"] else EXIT_OK


def run_switch(arguments: argparse.Namespace) -> int:
    """Refuse at the door what the desired state forbids, else start the unit and follow it."""
    require_root("switch")
    number, text = order.given(arguments)
    asked = SwitchRequest("", "switch", arguments.profile, number, text)
    reasons = reasons_at_the_door(load_site(), asked, SystemClock().wall(), OpensshSignatures())
    if reasons:
        raise RefusedError("WAN switch", "start", in_words(reasons), "nothing was changed")
    run_id = request.submit("switch", arguments.profile, number, order=text)
    return _follow(run_id, arguments)


def run_rollback(arguments: argparse.Namespace) -> int:
    """The same transaction, back to the last profile that passed a gate."""
    require_root("roll back")
    number, text = order.given(arguments)
    return _follow(request.submit("rollback", "", number, order=text), arguments)


def run_confirm(arguments: argparse.Namespace) -> int:
    """Settle an interrupted run; nothing to do when there is none."""
    require_root("confirm")
    if not _journal().unfinished():
        _print(NOTHING_PENDING, arguments, {"pending": False})
        return EXIT_OK
    return _follow(request.submit("confirm", "", ""), arguments)


def run_pending(arguments: argparse.Namespace) -> int:
    """From the journal alone: the modem is not asked."""
    require_root("read the journal")
    entries = _journal().unfinished()
    if not entries:
        _print(NOTHING_PENDING, arguments, {"pending": False})
        return EXIT_OK
    state, seconds = entries[-1].state, elapsed(entries[0], SystemClock())
    target = entries[0].data.get("target", "")
    data = {"run_id": entries[0].run_id, "target": target, "seconds": seconds}
    step = STEPS[state](arguments.lang)
    _print(PENDING, arguments, data | {"pending": True, "state": state.value}, step=step)
    return EXIT_OK


def run_outcome(arguments: argparse.Namespace) -> int:
    """Exit 4 while it is not known."""
    require_root("read outcomes")
    found = request.outcome(arguments.run_id)
    if found is not None:
        return _print_outcome(found, arguments)
    step = request.progress(arguments.run_id)
    if step is None:
        hint = "see `rekamatan wan pending`"
        raise RekamatanError(f"run {arguments.run_id}", "look up", "no such run here yet", hint)
    if arguments.json:
        _print_json(
            {"run_id": arguments.run_id, "ended": False, "state": step[0], "seconds": step[1]}
        )
    else:
        _tell(arguments)(*step)
    return EXIT_UNKNOWN


def run_job(arguments: argparse.Namespace) -> int:
    """Print the sheet; only a stranded office needs one."""
    require_root("read outcomes")
    found = request.outcome(arguments.run_id)
    if found is None or found.state is not SwitchState.STRANDED:
        reason = "it has not ended, or not without a link"
        raise RefusedError(f"run {arguments.run_id}", "write its job sheet", reason)
    sheet = job_sheet(load_site(), found, arguments.lang)
    if arguments.json:
        _print_json({"run_id": found.run_id, "sheet": sheet})
    else:
        print(sheet, end="")  # noqa: T201
    return EXIT_OK


def run_run(arguments: argparse.Namespace) -> int:
    """In the unit: exit 0 once the link is settled, whatever the outcome; 4 to be run again."""
    from rekamatan.agent import unit_runs  # noqa: PLC0415 - loads the modem drivers

    return unit_runs.exit_code(lambda: _report(unit_runs.run(load_site()), arguments))


def run_recover(arguments: argparse.Namespace) -> int:
    """In the unit at boot. Started by hand it lacks the credential: have the unit do it."""
    if arguments.set_aside:
        return _set_aside(arguments)
    if not credentials.available("modem-switch"):
        return run_confirm(argparse.Namespace(**vars(arguments), detach=False))
    from rekamatan.agent import unit_runs  # noqa: PLC0415 - loads the modem drivers

    return unit_runs.exit_code(lambda: _report(unit_runs.recover(load_site()), arguments))


def _set_aside(arguments: argparse.Namespace) -> int:
    require_root("set the journal aside")
    with request.exclusive(paths.WAN):
        damage = _journal().set_aside()
    leave_evidence({"kind": "journal", "damage": damage})
    _print(ASIDE, arguments, {"damage": damage})
    return EXIT_OK


def run_uplink(arguments: argparse.Namespace) -> int:
    """In the unit at boot and every minute: routes vanish with their interface."""
    from rekamatan.modems.plain_router import restore  # noqa: PLC0415 - needed by few sites

    require_root("set routes")
    restored = restore(load_site())
    phrase = UPLINK_RESTORED if restored else UPLINK_AS_IT_IS
    _print(phrase, arguments, {"restored": restored})
    return EXIT_OK


def _report(outcomes: tuple[SwitchOutcome, ...], arguments: argparse.Namespace) -> int:
    for outcome in outcomes:
        _print_outcome(outcome, arguments)
    settled = all(outcome.state in TERMINAL for outcome in outcomes)
    return EXIT_OK if settled else EXIT_UNKNOWN


def _journal() -> Journal:
    return Journal(DirectoryDisk(paths.WAN), SystemClock())


def _follow(run_id: str, arguments: argparse.Namespace) -> int:
    if arguments.detach:
        _print(STARTED, arguments, {"run_id": run_id})
        return EXIT_OK
    return _print_outcome(follow(run_id, _tell(arguments)), arguments)


def _tell(arguments: argparse.Namespace) -> Callable[[SwitchState, float], None]:
    def tell(state: SwitchState, seconds: float) -> None:
        if not arguments.json:
            print(f"{seconds:6.0f} s  {STEPS[state](arguments.lang)}", flush=True)  # noqa: T201

    return tell


def _print_outcome(outcome: SwitchOutcome, arguments: argparse.Namespace) -> int:
    sentence = say_outcome(outcome, arguments.lang)
    if arguments.json:
        ended = outcome.state in TERMINAL
        _print_json(to_plain(outcome) | {"ended": ended, "sentence": sentence})
    else:
        print(sentence)  # noqa: T201 - the command's own output
    return outcome_exit(outcome)


def _print(
    phrase: Phrase, arguments: argparse.Namespace, data: dict[str, Any], **fields: object
) -> None:
    if arguments.json:
        _print_json(data)
    else:
        print(phrase(arguments.lang, **(data | fields)))  # noqa: T201


def _print_json(data: object) -> None:
    print(json.dumps(data, sort_keys=True))  # noqa: T201

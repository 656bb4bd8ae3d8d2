"""Back to kept `show configuration commands`: what differs, as one commit. Pure.

A backup holds no secrets: a line that reads `***` in both stays as the router has it, and one that
only one of them has needs a person. Which carrier is active, who may log in and how a commit is
taken back stay as they are. Deleting the last setting of a node leaves the node, so the node goes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rekamatan.models import ChangePlan
from rekamatan.modems.base import refuse_by_hand
from rekamatan.modems.known_secrets import NOT_IN_A_BACKUP, REDACTED, told_apart
from rekamatan.modems.vyos_parse import Mark, clean, parse_config, parse_mark, words_of
from rekamatan.modems.vyos_plan import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

# Who may log in, and what the device's own timer does: a way back that changes these is none.
_NOT_OURS = (("system", "login"), ("service", "ssh"), ("system", "config-management"))
_PLAIN = re.compile(r"[\w.:/@+-]+")
Line = tuple[str, ...]  # the words after `set`


def restore_plan(  # noqa: PLR0913, PLR0917 - what a restore consists of
    kept: str, current: str, profile: str, plan_id: str, interface: str, subject: str
) -> ChangePlan:
    """The commands from `current` to `kept`, and back; the active carrier stays.

    Args:
        kept: the commands to go back to.
        current: those of now.
        profile: the active one, before and after.
        plan_id: names the run.
        interface: "wwan0".
        subject: the router, for errors.

    Raises:
        NotSupportedError: names each difference that needs a person.
    """
    stays = _stays(kept, current, interface)
    old, now = ([w for w in lines_of(text) if not _below(w, stays)] for text in (kept, current))
    by_hand = [reason for words in {*old} ^ {*now} if (reason := _by_hand(words))]
    mark = parse_mark(parse_config(current, interface).description)
    way_out = ("interfaces", "wwan", interface)
    if not any(_below(words, [way_out]) for words in old):
        by_hand.append(f"{' '.join(way_out)}: the office's way out is not in that backup")
    if not mark.profile:
        by_hand.append(f"{' '.join(way_out)}: it carries no profile of ours; provision it first")
    refuse_by_hand(subject, by_hand)
    forth, back = _commands(now, old), _commands(old, now)
    trial = Mark(mark.profile, mark.slot, trial=plan_id, was=profile)
    describe = f"set {' '.join(way_out)} description "
    return ChangePlan(
        plan_id,
        profile,
        profile,
        (*forth, describe + quoted(str(trial))) if forth else (),
        (*back, describe + quoted(str(mark))) if forth else (),
        before="".join(f"{' '.join(words)}\n" for words in now),
        after="".join(f"{' '.join(words)}\n" for words in old),
    )


def lines_of(text: str) -> list[Line]:
    """The words of each `set` command, in order."""
    lines: list[str] = []
    for line in clean(text).splitlines():
        if line.strip().startswith("set "):
            lines.append(told_apart(line.strip(), lines))
    return [tuple(words_of(line)[1:]) for line in lines]


def difference(commands: Iterable[str], shown: str, secret: str) -> str:
    """What of these commands is not so in `show configuration commands`; empty when all is.

    Args:
        commands: `set` and `delete` commands.
        shown: all that they could concern.
        secret: the placeholder of a password, which is not compared.
    """
    have = set(lines_of(shown))
    told = [(line.split(" ", 1)[0], tuple(words_of(line)[1:]), line) for line in commands]
    sets = {words for verb, words, line in told if verb == "set" and secret not in line}
    for words in sorted(sets):
        if not any(_below(found, [words]) for found in have):
            return f"{' '.join(words)} is not set"
    for place in [words for verb, words, _ in told if verb == "delete"]:
        if any(_below(found, [place]) and found not in sets for found in have):
            return f"{' '.join(place)} is still there"
    return ""


def _stays(kept: str, current: str, interface: str) -> list[Line]:
    """What is the switch's to say, or nobody's who restores."""
    base = ("interfaces", "wwan", interface)
    stays = [*_NOT_OURS, (*base, "description"), (*base, "disable")]
    old, now = (parse_mark(parse_config(text, interface).description) for text in (kept, current))
    if old.profile != now.profile:
        stays += [(*base, "apn"), (*base, "authentication")]
    return stays


def _by_hand(words: Line) -> str:
    """Why a line that only one side has needs a person; empty when it does not."""
    place = " ".join(words[:-1])
    if any(REDACTED in word for word in words):
        return f"{place}: {NOT_IN_A_BACKUP}"
    if any("'" in word or not word.isprintable() or not word for word in words):
        return f"{place}: its value has a character the console cannot take"
    return ""


def _commands(now: list[Line], wanted: list[Line]) -> tuple[str, ...]:
    """Deletions, each of the highest node that is not wanted, then what is missing, in order."""
    prefixes = {words[:length] for words in wanted for length in range(1, len(words) + 1)}
    gone: dict[Line, None] = dict.fromkeys(_in_another_order(now, wanted))
    for words in now:
        if words not in prefixes and not _below(words, gone):
            length = next(n for n in range(1, len(words) + 1) if words[:n] not in prefixes)
            gone[words[:length]] = None
    have = {words for words in now if not _below(words, gone)}
    missing = [words for words in wanted if words not in have]
    return (
        *(f"delete {_typed(words)}" for words in gone),
        *(f"set {_typed(words)}" for words in missing),
    )


def _in_another_order(now: list[Line], wanted: list[Line]) -> list[Line]:
    """Nodes whose several values would end in another order: name servers are asked in theirs."""
    found = []
    for node in dict.fromkeys(words[:-1] for words in wanted):
        old, new = ([w for w in lines if w[:-1] == node] for lines in (now, wanted))
        kept = [words for words in old if words in new]
        if kept and [*kept, *(words for words in new if words not in kept)] != new:
            found.append(node)
    return found


def _typed(words: Line) -> str:
    return " ".join(word if _PLAIN.fullmatch(word) else quoted(word) for word in words)


def _below(words: Line, places: Iterable[Line]) -> bool:
    return any(words[: len(place)] == place for place in places)

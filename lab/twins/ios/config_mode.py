"""Configuration mode: what each of its modes accepts, and what becomes of a line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lab.twins.ios import config_tree
from lab.twins.ios.grammar import Grammar, IosError, Match

if TYPE_CHECKING:
    from lab.twins.ios.session import Session

_OPENING = {
    "controller Cellular UNIT": "config-controller",
    "interface WORD": "config-if",
    "archive": "config-archive",
    "event manager applet WORD": "config-applet",
    "event manager applet WORD authorization bypass": "config-applet",
    "line REST": "config-line",
}
_GLOBAL = (
    *(pattern.replace("Cellular", "cellular") for pattern in _OPENING),
    "event manager environment WORD REST",
    "hostname WORD",
    *(f"{word} REST" for word in ("ip", "username", "logging", "service", "ntp", "aaa", "enable")),
    *(f"{word} REST" for word in ("snmp-server", "clock", "access-list", "dialer-list", "crypto")),
    "privilege REST",
    "end",
    "exit",
)
_CONTROLLER = (
    "lte sim data-profile NUMBER attach-profile NUMBER slot NUMBER",
    "lte sim data-profile NUMBER attach-profile NUMBER",
    "lte sim primary slot NUMBER",
    "lte sim max-retry NUMBER",
    "lte failovertimer NUMBER",
    "lte firmware auto-sim",
    "description REST",
    "exit",
)
_PROFILE_ID = (
    "profile id NUMBER apn WORD authentication none pdn-type WORD",
    (
        "profile id NUMBER apn WORD authentication WORD username WORD password NUMBER WORD "
        "pdn-type WORD"
    ),
)
_SUB = {
    "config-controller": _CONTROLLER,
    "config-if": (
        "description REST", "ip REST", "dialer REST", "shutdown", "dialer-group NUMBER", "exit",
    ),
    "config-archive": ("path WORD", "maximum NUMBER", "write-memory", "time-period NUMBER", "exit"),
    "config-applet": (
        "event timer countdown time NUMBER", "action WORD REST", "description REST", "exit",
    ),
    "config-line": ("REST",),
}  # fmt: skip
_USERNAME = re.compile(r"username (\S+) privilege (\d+) secret (?:0 )?(\S+)$")
_NUMBERS, _SLOTS = range(1, 17), ("0", "1")


def grammar_of(session: Session) -> Grammar:
    """What may be typed in the session's mode."""
    patterns = list(_SUB.get(session.mode, ()))
    if session.mode == "config-controller" and session.device.config.keeps == "config":
        patterns += _PROFILE_ID
    return Grammar([*patterns, *_GLOBAL] if patterns else _GLOBAL)


def run(session: Session, line: str) -> str:
    """One line. Raises `IosError`; what is accepted prints nothing."""
    typed = line.strip()
    negated = re.match(r"no?\s+(.*)", typed) if typed.startswith("no ") else None
    indent = len(session.prompt) + len(line) - len(line.lstrip()) + (3 if negated else 0)
    grammar = grammar_of(session)
    if negated:
        _remove(session, negated[1], grammar, indent)
        return ""
    match = grammar.match(typed, indent)
    if match.pattern == "end":
        leave(session)
    elif match.pattern == "exit":
        _step_out(session)
    else:
        _accept(session, match)
    return ""


def leave(session: Session) -> None:
    """`end`, or Ctrl-Z: back to EXEC."""
    if session.mode:
        session.device.log(
            f"%SYS-5-CONFIG_I: Configured from console by {session.username} on vty0"
        )
    session.mode = session.section = ""


def _step_out(session: Session) -> None:
    if session.mode == "config":
        leave(session)
    else:
        session.mode, session.section = "config", ""


def _accept(session: Session, match: Match) -> None:
    line = _canonical(match)
    if user := _USERNAME.match(line):
        session.device.passwords[user[1]] = user[3]
        line = f"username {user[1]} privilege {user[2]} secret 9 $9$twin"
    opening = match.pattern.replace("cellular", "Cellular")
    _check(match, line)
    if opening in _OPENING:
        _check_unit(session, match)
        session.mode, session.section = _OPENING[opening], line
        config_tree.put(session.device.running, "", line)
    else:
        below = match.pattern in _SUB.get(session.mode, ()) or match.pattern in _PROFILE_ID
        if not below:
            session.mode, session.section = "config", ""
        config_tree.put(session.device.running, session.section if below else "", line)
    session.device.follow()


def _remove(session: Session, typed: str, grammar: Grammar, indent: int) -> None:
    try:
        match = grammar.match(typed, indent)
        line = _canonical(match)
    except IosError as error:
        if "Incomplete" not in str(error):
            raise
        line = " ".join(typed.split())
    tree = session.device.running
    if not (session.section and config_tree.take(tree, session.section, line)):
        config_tree.take(tree, "", line)
    session.device.follow()


def _check(match: Match, line: str) -> None:
    """Numbers the modem has."""
    slot = re.search(r"slot (\S+)$", line)
    number = re.match(r"(?:profile id|lte sim data-profile) (\d+)", line)
    if slot and match.pattern.startswith("lte") and slot[1] not in _SLOTS:
        raise IosError("% Invalid input detected at '^' marker.\n")
    if number and int(number[1]) not in _NUMBERS:
        raise IosError("% Invalid input detected at '^' marker.\n")


def _check_unit(session: Session, match: Match) -> None:
    if match.pattern.startswith("controller") and match.arguments[0] != session.device.config.unit:
        raise IosError("% Invalid input detected at '^' marker.\n")


def _canonical(match: Match) -> str:
    """The line as the configuration shows it: whole words."""
    arguments = list(match.arguments)
    words = [arguments.pop(0) if word.isupper() else word for word in match.pattern.split()]
    return " ".join(words).replace("controller cellular", "controller Cellular")

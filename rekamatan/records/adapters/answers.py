"""The four answers every recording application gives, and what is not believed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from rekamatan.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Mapping

PROTOCOL = 1
_COUNTS = ("captured", "sent", "acknowledged", "active_captures")
_SHOWN = 120  # characters of what an adapter printed that an error repeats
_LARGEST = 2**53  # beyond it JSON numbers are not whole everywhere


class UnknownAnswersError(RecordError):
    """The application did not say, or what it said cannot be. Never zero, never the last answer."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What an application says of itself, all at one moment."""

    captured: int  # records it was given, ever
    sent: int  # of them, those that went to the data centre
    acknowledged: int  # of them, those the data centre confirmed
    active_captures: int  # people being recorded now

    def to_json(self) -> str:
        """One line, as an adapter prints it."""
        return json.dumps({"protocol": PROTOCOL, **asdict(self)})


def parse_answers(text: str, source: str) -> Answers:
    """Read one line of an adapter; `source` names it in errors.

    Raises:
        UnknownAnswersError: not JSON, another protocol, a count missing, negative or impossible.
    """
    try:
        members = json.loads(text)
    except ValueError:
        raise _unknown(source, f"not JSON: {text.strip()[:_SHOWN]!r}") from None
    if not isinstance(members, dict):
        raise _unknown(source, f"not a JSON object: {text.strip()[:_SHOWN]!r}")
    if members.get("protocol") != PROTOCOL:
        raise _unknown(source, f"protocol {members.get('protocol')!r}, expected {PROTOCOL}")
    answers = Answers(*(_count(members, name, source) for name in _COUNTS))
    if not answers.acknowledged <= answers.sent <= answers.captured:
        counts = (
            f"{answers.captured} captured, {answers.sent} sent, {answers.acknowledged} acknowledged"
        )
        raise _unknown(source, f"impossible: {counts}")
    return answers


def _count(members: Mapping[str, object], name: str, source: str) -> int:
    value = members.get(name)
    # bool is an int in Python; `true` people being recorded is not one person.
    if not isinstance(value, int) or isinstance(value, bool):
        raise _unknown(source, f"{name} is {value!r}, not a whole number")
    if not 0 <= value < _LARGEST:
        raise _unknown(source, f"{name} is {value}")
    return value


def _unknown(source: str, reason: str) -> UnknownAnswersError:
    hint = "run it by hand: rekamatan records answers; see docs/adapter.md"
    return UnknownAnswersError(source, "ask the recording application", reason, hint)

from __future__ import annotations

import json
from typing import Any

import pytest

from rekamatan.errors import RekamatanError, UnknownOutcomeError
from rekamatan.fleet.channel import CommandChannel
from rekamatan.fleet.follow import LinkLostError, Patience
from rekamatan.fleet.follow_switch import Progress, follow_switch, site_state
from rekamatan.fleet.ledger import SiteState
from tests.unit.release.site import TestClock


class TransportLostError(Exception):
    pass


class Site:
    """Answers from a script; an exception in it is a lost link."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.commands: list[str] = []
        self.drops = 0

    def execute(self, command: str, _payload: bytes) -> dict[str, Any]:
        self.commands.append(command)
        found = self.answers.pop(0)
        if isinstance(found, Exception):
            raise found
        if isinstance(found, int):
            return {"rc": found, "stdout": "", "stderr": "Connection timed out"}
        return {"rc": 0, "stdout": f"banner\n{json.dumps(found)}\n", "stderr": ""}

    def drop(self) -> None:
        self.drops += 1
        raise TransportLostError("no session to reset")

    def channel(self) -> CommandChannel:
        return CommandChannel("kubu", self.execute, self.drop, TransportLostError)


def news(state: str, seconds: float, outcome: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"state": state, "seconds": seconds, "outcome": outcome}


def follow(site: Site, seconds: float = 300.0) -> tuple[dict[str, Any], list[Progress], TestClock]:
    clock = TestClock()
    told: list[Progress] = []
    patience = Patience("kubu", clock, clock.monotonic() + seconds)
    return follow_switch("w1", site.channel(), patience, told.append), told, clock


def test_each_state_is_told_once_and_the_link_may_die() -> None:
    outcome = {"state": "committed"}
    site = Site(
        news("armed", 9),
        news("applied", 12),
        TransportLostError("broken pipe"),
        255,
        news("applied", 30),
        news("gated", 55),
        news("committed", 60, outcome),
    )
    found, told, _ = follow(site)
    assert found == outcome
    lines = [str(progress) for progress in told]
    assert lines[:2] == ["kubu  armed  9 s", "kubu  applied  12 s"]
    assert [progress.state for progress in told] == ["armed", "applied", "gated", "committed"]
    assert site.drops == 2
    assert site.commands[2].split()[-2:] == ["applied", "20"]  # asks for news since what it knows


def test_no_answer_before_the_deadline_is_unknown() -> None:
    site = Site(news("applied", 3), *[255] * 50)
    with pytest.raises(UnknownOutcomeError, match="the site goes on by itself"):
        follow(site, 60.0)


def test_a_switch_that_never_ends_is_unknown_too() -> None:
    clock = TestClock()

    class Slow(Site):
        def execute(self, command: str, payload: bytes) -> dict[str, Any]:
            clock.now += 20
            return super().execute(command, payload)

    site = Slow(*[news("reverting", 5)] * 50)
    with pytest.raises(UnknownOutcomeError, match="still reverting"):
        follow_switch("w1", site.channel(), Patience("kubu", clock, 1100.0), lambda _: None)


def test_lost_is_told_apart_from_a_bad_answer() -> None:
    with pytest.raises(LinkLostError):
        Site(255).channel().run(["true"])
    with pytest.raises(RekamatanError, match="Connection timed out"):
        Site(1).channel().run(["true"])


@pytest.mark.parametrize(
    ("state", "verdict", "expected"),
    [
        ("committed", "pass", SiteState.VERIFIED),
        ("committed", "degraded", SiteState.DEGRADED),
        ("committed", None, SiteState.VERIFIED),
        ("reverted", "fail", SiteState.ROLLED_BACK),
        ("refused", None, SiteState.PREFLIGHT_FAILED),
        ("stranded", "fail", SiteState.STRANDED),
        ("applied", None, SiteState.UNKNOWN),
    ],
)
def test_site_state(state: str, verdict: str | None, expected: SiteState) -> None:
    gate = {"verdict": verdict} if verdict else None
    assert site_state({"state": state, "gate": gate}) is expected

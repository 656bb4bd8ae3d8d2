"""The switch is held where the case says: by the real kernel, with the product's own journal."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from lab.errors import LabError
from lab.matrix import hold, journal
from lab.matrix.cases import Case
from lab.matrix.hold import JournalWatch, Steps
from tests.switching import switch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def states(root: Path) -> list[str]:
    return [line.state for line in journal.read((root / journal.FILE).read_bytes())]


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[JournalWatch]:
    found = JournalWatch(tmp_path)
    try:
        found.attach()
    except LabError as error:
        pytest.skip(str(error))
    yield found
    found.detach()


@pytest.mark.parametrize(
    ("moment", "written"),
    [("before", ["planned"]), ("during", ["planned", "preflight"]), ("after", None)],
)
def test_it_stands_still_until_it_is_let_go(
    watch: JournalWatch, tmp_path: Path, moment: str, written: list[str] | None
) -> None:
    watch.aim(Case("device", "none", moment, "preflight"))
    with switch(tmp_path) as process:
        held = watch.wait(20)
        assert held is not None
        assert held.pid == process.pid
        time.sleep(0.3)  # it must not go on by itself
        found = states(tmp_path)
        assert found == (written or ["planned", "preflight"])
        assert not (tmp_path / "acted").exists()
        promised = [line.state for line in watch.promised.values()]
        assert promised == (["planned", "preflight"] if moment == "after" else ["planned"])
        watch.release()
        assert process.wait(20) == 0
    assert states(tmp_path) == ["planned", "preflight", "armed"]


def test_an_entry_whose_fsync_was_only_late_is_not_promised(
    watch: JournalWatch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hold, "_NO_SYNC_S", -1.0)  # every fsync is late
    watch.aim(Case("device", "none", "during", "preflight"))
    with switch(tmp_path) as process:
        assert watch.wait(20) is not None
        assert [line.state for line in watch.promised.values()] == ["planned"]
        watch.release()
        assert process.wait(20) == 0


def test_a_held_switch_can_be_killed_and_the_next_run_is_held_again(
    watch: JournalWatch, tmp_path: Path
) -> None:
    case = Case("device", "kill-switch", "before", "armed")
    for number in (1, 2):
        watch.aim(case)
        with switch(tmp_path, f"w{number}") as process:
            assert watch.wait(20) is not None
            process.kill()
            assert process.wait(20) == -9
        watch.release()
    assert states(tmp_path) == ["planned", "preflight"] * 2


def test_a_writer_without_fsync_is_held_after_its_entry_all_the_same(
    watch: JournalWatch, tmp_path: Path
) -> None:
    watch.aim(Case("device", "none", "after", "armed"))
    with switch(tmp_path, plant="no-fsync") as process:
        assert watch.wait(20) is not None
        process.kill()
    assert [line.state for line in watch.promised.values()] == ["planned", "preflight", "armed"]


def test_a_point_that_never_comes_holds_nobody(watch: JournalWatch, tmp_path: Path) -> None:
    watch.aim(Case("device", "none", "after", "committed"))
    with switch(tmp_path) as process:
        assert process.wait(20) == 0
    assert watch.wait(0.1) is None


def test_a_reader_is_no_step() -> None:
    steps = Steps(base=0)
    line = journal.Line(1, "w1", "planned", "x")
    assert steps.opened(os.O_RDONLY, line, 7) == ""
    assert steps.opened(os.O_WRONLY | os.O_APPEND, line, 7) == "before"
    assert steps.closed(line, 7, 1.0) == ""
    assert steps.idle(1.1) == ""
    assert steps.idle(1.3) == "after"


def test_an_old_run_is_no_step_of_the_new_one() -> None:
    steps = Steps(base=1)
    old = journal.Line(1, "w1", "committed", "x")
    assert steps.opened(os.O_WRONLY, old, 7) == ""
    assert steps.closed(old, 7, 1.0) == ""
    assert steps.opened(os.O_WRONLY | os.O_APPEND, old, 7) == "before"
    assert steps.reached("before", Case("device", "none", "before", "planned"))
    assert not steps.reached("before", Case("device", "none", "before", "preflight"))


@pytest.mark.parametrize(
    ("state", "last", "gate", "due"),
    [
        ("armed", "preflight", "", True),
        ("armed", "planned", "", False),
        ("confirming", "gated", "pass", True),
        ("confirming", "gated", "fail", False),
        ("reverting", "gated", "fail", True),
        ("reverting", "gated", "degraded", False),
        ("reverting", "applied", "", False),
        ("planned", "preflight", "", False),
    ],
)
def test_which_entry_comes_next(state: str, last: str, gate: str, *, due: bool) -> None:
    line = journal.Line(9, "w1", last, "x", gate)
    assert journal.about_to_write(state, line, base=3) is due


def test_a_torn_or_altered_line_is_not_read() -> None:
    sound = b'{"data": {}, "run_id": "w1", "seq": 1, "state": "planned"'
    assert journal.read(sound) == ()
    assert journal.read(sound + b', "sha256": "0"}\n') == ()

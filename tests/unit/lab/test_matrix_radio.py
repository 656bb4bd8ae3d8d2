"""What the modem asks of the packet core when the matrix has given an order."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from lab.matrix.pulse import answered, checksum, longest_gap, question
from lab.matrix.radio import WRAPPER

if TYPE_CHECKING:
    from pathlib import Path

ASKED = ["--listen", "10.0.0.1", "--apn", "internet", "--imsi", "51010", "--createif"]


@pytest.fixture
def program(tmp_path: Path) -> Path:
    real = tmp_path / "real"
    real.write_text('#!/bin/sh\necho "real $*"\n')
    wrapper = tmp_path / "sgsnemu"
    wrapper.write_text(WRAPPER.format(real=real, orders=tmp_path / "orders"))
    for path in (real, wrapper):
        path.chmod(0o755)
    (tmp_path / "orders").mkdir()
    return wrapper


def ask(program: Path, order: str = "", imsi: str = "51010", patience_s: float = 0.7) -> str:
    if order:
        (program.parent / "orders" / imsi).write_text(f"{order}\n")
    try:
        argv = [str(program), *ASKED]
        done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=patience_s)
    except subprocess.TimeoutExpired:
        return "no answer"
    return done.stdout.strip()


def test_without_an_order_it_is_the_real_one(program: Path) -> None:
    assert ask(program) == f"real {' '.join(ASKED)}"
    assert ask(program, "dead", imsi="99999") == f"real {' '.join(ASKED)}"


def test_refused_asks_for_an_apn_nobody_offers(program: Path) -> None:
    wanted = " ".join(ASKED).replace("internet", "internet-withdrawn")
    assert ask(program, "refused") == f"real {wanted}"


def test_dead_never_answers(program: Path) -> None:
    assert ask(program, "dead") == "no answer"


def test_slow_answers_when_its_time_has_come(program: Path) -> None:
    assert ask(program, "slow 60") == "no answer"
    since = program.parent / "orders" / "51010.since"
    since.write_text(f"{int(since.read_text()) - 60}\n")
    assert ask(program).startswith("real")


def test_slow_answers_the_try_that_waits_for_it(program: Path) -> None:
    assert ask(program, "slow 2", patience_s=20).startswith("real")


def test_the_pulse_knows_its_own_answers() -> None:
    packet = bytes([0x45]) + bytes(19) + bytes([0, 0, 0, 0]) + (4711).to_bytes(2, "big") + bytes(2)
    assert answered(packet) == 4711
    assert answered(bytes([0x45]) + bytes(19) + question(4711)) is None  # a question, not a reply
    assert answered(b"short") is None
    assert checksum(question(4711)) == 0


def test_the_longest_gap_includes_both_ends() -> None:
    assert longest_gap(0.0, [1.0, 1.2, 6.4], 7.0) == 5.0
    assert longest_gap(0.0, [], 9.2) == 9.0
    assert longest_gap(0.0, [0.1, 0.3], 5.5) == 5.0

from __future__ import annotations

from typing import TYPE_CHECKING

from rekamatan.quiet import LONGEST_S, remaining_s, silence

if TYPE_CHECKING:
    from pathlib import Path


def test_silence_lasts_while_the_gate_measures(tmp_path: Path) -> None:
    path = tmp_path / "quiet"
    assert remaining_s(path) == 0
    with silence(path):
        assert 0 < remaining_s(path) <= LONGEST_S
    assert remaining_s(path) == 0


def test_a_gate_that_died_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "quiet"
    path.write_text("0.001\n", encoding="ascii")
    assert remaining_s(path) == 0


def test_a_deadline_nobody_would_set_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "quiet"
    path.write_text("1e12\n", encoding="ascii")
    assert remaining_s(path) == LONGEST_S


def test_without_a_place_to_ask_the_link_is_measured_all_the_same(tmp_path: Path) -> None:
    with silence(tmp_path / "missing" / "quiet"):
        assert remaining_s(tmp_path / "missing" / "quiet") == 0

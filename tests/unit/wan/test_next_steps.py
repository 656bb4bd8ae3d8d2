"""Whatever forbids a switch comes with a next step, in both languages."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pytest

import rekamatan.wan
from rekamatan.agent.advice import next_step
from rekamatan.wan.preflight import SecondPath, preflight
from tests.unit.wan.test_preflight import FOUND, SITE, TELKOMSEL

SOURCES = Path(rekamatan.wan.__file__).parent
NEVER_FALSE = {"no_second_path"}  # told, never decided: there is nothing to be done about it
# Ends that are written as text, with their code in front.
TOLD = {"nothing_pending", "stale_request", "already_active", "undone_by_power_cut", "interrupted"}


def reason_codes() -> set[str]:
    """The code of every `Reason` that the transaction can give, as its source has it."""
    calls = (
        node
        for path in SOURCES.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Reason"
    )
    first = (call.args[0] for call in calls if call.args)
    return {arg.value for arg in first if isinstance(arg, ast.Constant)}


BOTH = (FOUND, replace(FOUND, second=SecondPath()))
CHECKED = {c.code for found in BOTH for c in preflight(SITE, TELKOMSEL, found)} - NEVER_FALSE


def test_the_codes_are_found() -> None:
    assert {"order_expired", "order_other_site", "no_change_order", "wrong_plmn"} <= reason_codes()
    assert {"capture_in_progress", "weak_signal", "clock_off", "wrong_imsi"} <= CHECKED


@pytest.mark.parametrize("code", sorted(reason_codes() | CHECKED | TOLD))
def test_every_code_has_a_next_step_in_both_languages(code: str) -> None:
    said = {next_step(code, "id"), next_step(code, "en")}
    assert all(said)
    assert len(said) == 2

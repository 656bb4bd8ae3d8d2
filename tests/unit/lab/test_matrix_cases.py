"""What the matrix tries: nothing twice, nothing left out, the same sample for the same seed."""

from __future__ import annotations

from itertools import product

import pytest

from lab.errors import LabError
from lab.matrix import cases, harm
from lab.matrix.__main__ import chosen, parse
from rekamatan.models import SwitchState


def test_every_point_meets_every_fault_with_both_ways_back() -> None:
    names = [case.name for case in cases.matrix()]
    assert len(names) == len(set(names))
    points = product(cases.KINDS, cases.FAULTS, cases.MOMENTS, cases.STATES)
    assert {f"{k}/{f}/{m}-{s}" for k, f, m, s in points} <= set(names)


def test_the_points_are_the_journals_own_states() -> None:
    ends = {SwitchState.STRANDED, SwitchState.REFUSED}  # no case may end there, none begins there
    assert set(cases.STATES) == {state.value for state in set(SwitchState) - ends}


def test_every_fault_can_be_done() -> None:
    assert {case.fault for case in cases.matrix()} == set(harm.INJECT)
    assert set(harm.PREPARE) <= set(harm.INJECT)


def test_a_case_is_found_by_its_name_and_a_wrong_one_names_another() -> None:
    name = "device/power-cut-server/after-armed"
    assert cases.named(name) == cases.Case("device", "power-cut-server", "after", "armed")
    with pytest.raises(LabError, match="for example device/sim-dead/before-planned"):
        cases.named("device/sim-dead/after-armd")


def test_the_seed_decides_the_order_and_nothing_is_lost_by_it() -> None:
    whole = cases.matrix()
    order = cases.shuffled(whole, 7)
    assert order == cases.shuffled(whole, 7)
    assert order != cases.shuffled(whole, 8)
    assert sorted(order) == sorted(whole)


def test_a_small_sample_meets_many_faults_and_the_power_cuts() -> None:
    sample = cases.sample(cases.matrix(), 3, 12)
    assert len(sample) == len(set(sample)) == 12
    assert [case.name for case in sample[:3]] == list(cases.QUICK)
    rest = [case.fault for case in sample[3:]]
    assert len(set(rest)) == len(rest)


def test_planted_bugs_have_cases_of_their_own() -> None:
    for plant in cases.PLANTS:
        names = [case.name for case in chosen(parse(["--plant", plant]), 1)]
        assert names == list(cases.SENSITIVE[plant])
    every = [case.name for case in chosen(parse(["--plant", "all"]), 1)]
    assert sorted(every) == sorted(name for names in cases.SENSITIVE.values() for name in names)
    assert len(every) == len(set(every))
    assert set(cases.planted("all").values()) == set(cases.PLANTS)
    assert cases.planted("") == {}

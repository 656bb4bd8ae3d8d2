"""Survey on every platform: the other SIM's network is heard, and the device is as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rekamatan.models import SwitchState
from rekamatan.modems.registry import driver_class
from tests.contract.bench import benches, settled, until
from tests.contract.surveying import survey

if TYPE_CHECKING:
    from pathlib import Path

    from rekamatan.modems.base import ModemDriver
    from tests.contract.bench import Bench, Twin


moves = pytest.mark.parametrize(
    "bench", [bench.with_slots for bench in benches().values()], ids=benches()
)


def configuration(driver: ModemDriver) -> list[str]:
    """What a backup shows, without the comments that carry the time of the export."""
    return [line for line in driver.backup().splitlines() if not line.startswith(("#", "!"))]


@moves
def test_hears_the_other_carrier_and_comes_back(
    bench: Bench, twin: Twin, driver: ModemDriver, tmp_path: Path
) -> None:
    if not driver_class(bench.platform).abilities.survey:
        pytest.skip(f"{bench.platform}: one SIM, or none")
    before = configuration(driver)
    outcome, heard = survey(bench, twin, driver, tmp_path)
    assert outcome is not None
    assert (outcome.state, outcome.active) == (SwitchState.REVERTED, bench.home.name)
    assert outcome.reason.startswith("surveyed"), outcome.reason
    assert heard is not None
    assert heard.how == "moved"
    assert heard.heard
    assert heard.plmn in bench.away.plmns
    assert heard.detail == ""
    settled(twin, bench.home)
    assert driver.pending() is None
    assert sorted(set(before) - set(configuration(driver))) == []


def test_card_that_stays_is_not_moved(
    bench: Bench, twin: Twin, driver: ModemDriver, tmp_path: Path
) -> None:
    if bench.has_slots and driver_class(bench.platform).abilities.survey:
        pytest.skip(f"{bench.platform}: it can")
    before = twin.shown()
    outcome, heard = survey(bench, twin, driver, tmp_path)
    assert outcome is not None
    assert outcome.state is SwitchState.REFUSED
    assert outcome.reason.startswith("not_supported")
    assert heard is None
    assert twin.shown() == before


def test_no_survey_when_the_window_is_nearly_over(
    bench: Bench, twin: Twin, driver: ModemDriver, tmp_path: Path
) -> None:
    before = twin.shown()
    outcome, heard = survey(bench, twin, driver, tmp_path, minutes=1)
    assert outcome is not None
    assert outcome.state is SwitchState.REFUSED
    assert outcome.reason.startswith("window_over")
    assert heard is None
    assert twin.shown() == before


@moves
def test_modem_comes_back_alone_when_the_server_dies_while_listening(
    bench: Bench,
    twin: Twin,
    driver: ModemDriver,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody reverts: what was armed before the SIM was moved has to."""
    if not driver_class(bench.platform).abilities.survey:
        pytest.skip(f"{bench.platform}: one SIM, or none")
    monkeypatch.setattr("rekamatan.wan.survey.Survey._listen", _die)
    with pytest.raises(KeyboardInterrupt):
        survey(bench, twin, driver, tmp_path)
    settled(twin, bench.away)
    driver.close()
    twin.advance(3600)
    until(lambda: twin.is_on(bench.home) and twin.attached, "back by its own timer", 30)


def _die(*_: object) -> str:
    raise KeyboardInterrupt  # no Exception: nothing of the transaction runs after it

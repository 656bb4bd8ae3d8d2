"""Firmware and signal of the modem, kept by a verification and shown by the status."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rekamatan import paths
from rekamatan.agent.reading import remember_modem
from rekamatan.clock import SystemClock
from rekamatan.commands.status import modem_line
from rekamatan.errors import DeviceUnreachableError
from rekamatan.models import Identity, ModemState, Signal

if TYPE_CHECKING:
    from pathlib import Path

LOOK = {
    "model": "LtAP mini",
    "version": "7.24 (stable)",
    "operator": "51010",
    "rat": "LTE",
    "signal": {"rsrp_dbm": -97.0, "sinr_db": 17.0, "rssi_dbm": None, "rsrq_db": None},
    "at": "2026-11-24T04:00:00+00:00",
}


class Modem:
    """A driver's answers that matter here."""

    def __init__(self) -> None:
        self.away = False

    def read_state(self) -> ModemState:
        if self.away:
            raise DeviceUnreachableError("modem", "connect", "no answer")
        return ModemState(
            platform="routeros7", imsi="510100000000025", plmn="51010", signal=Signal(None, -97.0)
        )

    def identify(self) -> Identity:
        return Identity("routeros7", "LtAP mini", "7.24 (stable)")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(paths, "VERIFY", tmp_path)
    return tmp_path


def test_a_verification_leaves_firmware_and_signal(folder: Path) -> None:
    modem = Modem()
    remember_modem(modem, SystemClock())  # type: ignore[arg-type]
    text = (folder / "modem.json").read_text(encoding="utf-8")
    found = json.loads(text)
    assert (found["version"], found["operator"]) == ("7.24 (stable)", "51010")
    assert found["signal"]["rsrp_dbm"] == -97.0
    assert found["at"]
    assert "510100000000025" not in text, "the status needs no number of a SIM"


def test_a_modem_that_is_away_leaves_the_older_look_with_its_time(folder: Path) -> None:
    modem = Modem()
    remember_modem(modem, SystemClock())  # type: ignore[arg-type]
    before = (folder / "modem.json").read_text(encoding="utf-8")
    modem.away = True
    remember_modem(modem, SystemClock())  # type: ignore[arg-type]
    assert (folder / "modem.json").read_text(encoding="utf-8") == before


def test_line_names_only_what_is_known() -> None:
    line = modem_line(LOOK, "en")
    assert "firmware 7.24 (stable), network 51010 LTE, signal RSRP -97 dBm, SINR 17 dB" in line
    assert "2026-11-24" in line
    blank = {**LOOK, "operator": None, "rat": None, "signal": {}}
    assert "network not known, signal not known" in modem_line(blank, "en")
    assert "jaringan tidak diketahui" in modem_line(blank, "id")

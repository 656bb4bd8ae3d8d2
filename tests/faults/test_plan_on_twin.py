"""`wan plan` against a twin, with the account that can only read: go or no-go, as data."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from lab.twins.harness import DEFAULTS, RunningTwin
from rekamatan.agent import reading, runtime
from rekamatan.agent.sentences import explained, say_checks
from rekamatan.modems.registry import open_driver
from rekamatan.wan.preflight import Surroundings
from tests.faults.office import Quiet
from tests.faults.routeros_office import RouterosOffice

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rekamatan.models import Site
    from rekamatan.modems.base import ModemDriver

READ_PASSWORD = DEFAULTS["users"]["rekamatan-read"]["password"]


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RouterosOffice]:
    twin = RunningTwin(tmp_path)
    twin.wait_attached()

    @contextmanager
    def driver(site: Site, name: str) -> Iterator[ModemDriver]:
        assert name == "modem-read"
        modem = open_driver(site.modem, READ_PASSWORD, {}, read_only=True)
        yield modem
        modem.close()

    monkeypatch.setattr(runtime, "driver", driver)
    monkeypatch.setattr(runtime, "SiteInterlocks", Quiet)
    monkeypatch.setattr("rekamatan.paths.WAN", tmp_path / "wan")
    monkeypatch.setattr("rekamatan.paths.VERIFY", tmp_path / "verify")
    yield RouterosOffice(tmp_path, twin)
    twin.close()


def plan(office: RouterosOffice, site: Site, order: str = "470/12") -> dict[str, Any]:
    reading.plan(site, {"id": "1", "kind": "plan", "profile": "telkomsel", "order": order})
    found: dict[str, Any] = json.loads((office.root / "verify" / "plan.json").read_text())
    return found


def test_good_site_is_a_go_with_every_value_it_could_read(office: RouterosOffice) -> None:
    before = office.twin.console("/export show-sensitive")
    found = plan(office, office.site())
    assert (found["go"], found["reasons"], found["active"]) == (True, [], "indosat")
    assert found["commands"]
    checks = {check["name"]: check for check in found["checks"]}
    assert checks["sim.iccid"]["ok"] is True
    assert checks["plmn"]["value"] == "51001"
    assert checks["signal"]["value"] < 0
    assert checks["second_path"]["value"] == 180
    assert office.twin.console("/export show-sensitive") == before


def test_no_go_names_every_reason_and_its_next_step(
    office: RouterosOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "surroundings", lambda: Surroundings(mains=False))
    site = office.site()
    indosat = site.profiles["indosat"]
    swapped = replace(indosat, sim=replace(indosat.sim, iccid="8962019999999999999"))
    site = replace(site, profiles=site.profiles | {"indosat": swapped})
    found = plan(office, site, order="")
    assert found["go"] is False
    codes = [reason["code"] for reason in found["reasons"]]
    assert codes == ["no_change_order", "wrong_iccid", "on_battery"]
    lines = say_checks(explained(found["checks"], "id"))
    assert any(line.startswith("!!  sim.iccid") and "tertukar" in line for line in lines)
    assert any(line.startswith("!!  power battery") for line in lines)

"""A refused switch leaves the modem byte for byte as it was: its export and its flash.

Asked for as a technician asks: `rekamatan wan switch`, whose exit status tells.
"""

from __future__ import annotations

import json
import subprocess
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from lab.twins.harness import RunningTwin
from rekamatan import cli
from rekamatan.agent import follow, runtime, unit_runs, units
from rekamatan.commands import wan as wan_command
from rekamatan.models import Sim, Site
from rekamatan.modems.registry import open_driver
from rekamatan.wan import request, switch
from rekamatan.wan.order import ChangeOrder, order_text
from rekamatan.wan.order_signature import sign
from rekamatan.wan.preflight import Surroundings
from tests.faults.office import Quiet, quiet_ports
from tests.faults.routeros_office import RouterosOffice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rekamatan.wan.ports import Interlocks, Ports

SWITCH = ["wan", "switch", "--profile", "telkomsel", "--json"]


class Recording(Quiet):
    def active_captures(self) -> int:
        return 1


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RouterosOffice]:
    twin = RunningTwin(tmp_path)
    twin.wait_attached()
    twin.wait_saved()
    monkeypatch.setattr("rekamatan.paths.WAN", tmp_path / "wan")
    for function in (request.submit, request.outcome, request.progress):
        monkeypatch.setitem(function.__kwdefaults__, "root", tmp_path / "wan")
    monkeypatch.setitem(request.submit.__kwdefaults__, "start", lambda: cli.main(["wan", "run"]))
    monkeypatch.setattr(unit_runs, "leave_evidence", lambda _: None)
    monkeypatch.setattr(units.os, "geteuid", lambda: 0)
    monkeypatch.setattr(follow, "active", lambda _: False)
    yield RouterosOffice(tmp_path, twin)
    twin.close()


class Asked:
    """The command at this office, and the unit that it starts."""

    def __init__(self, office: RouterosOffice, monkeypatch: pytest.MonkeyPatch) -> None:
        self.office = office
        self._monkeypatch = monkeypatch

    def switch(
        self,
        site: Site,
        *argv: str,
        interlocks: Interlocks | None = None,
        mains: bool | None = None,
    ) -> int:
        @contextmanager
        def ports(site: Site) -> Iterator[Ports]:
            with closing(open_driver(site.modem, self.office.password, {})) as driver:
                yield replace(
                    quiet_ports(self.office.root, driver, self.office.gate),
                    interlocks=interlocks or Quiet(),
                    surroundings=lambda: Surroundings(mains=mains),
                )

        self._monkeypatch.setattr(wan_command, "load_site", lambda: site)
        self._monkeypatch.setattr(runtime, "ports", ports)
        return cli.main([*SWITCH, *(argv or ("--change-order", "470/12"))])


@pytest.fixture
def asked(office: RouterosOffice, monkeypatch: pytest.MonkeyPatch) -> Asked:
    monkeypatch.setattr(switch, "CAPTURE_WAIT_S", 0.2)
    return Asked(office, monkeypatch)


def device(office: RouterosOffice) -> tuple[str, dict[str, bytes]]:
    flash = office.root / "flash"
    files = {str(file.relative_to(flash)): file.read_bytes() for file in flash.rglob("*.*")}
    export = office.twin.console("/export show-sensitive")
    return export, files


def swapped_cards(asked: Asked) -> int:
    site = asked.office.site()
    elsewhere = {"bangko": {"indosat": site.profiles["indosat"].sim}}
    other = Sim("up", "8962019999999999999", "510019999999999")
    indosat = replace(site.profiles["indosat"], sim=other)
    profiles = site.profiles | {"indosat": indosat}
    return asked.switch(replace(site, profiles=profiles, district_sims=elsewhere))


def recording(asked: Asked) -> int:
    return asked.switch(asked.office.site(), interlocks=Recording())


def on_battery(asked: Asked) -> int:
    return asked.switch(asked.office.site(), mains=False)


def expired_order(asked: Asked) -> int:
    key, file = asked.office.root / "key", asked.office.root / "470-12.order"
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
    subprocess.run(argv, check=True)
    window = ("2020-01-01T00:00+07:00", "2020-01-02T00:00+07:00")
    order = ChangeOrder("470/12", "kadis@rohil", ("telkomsel",), ("kubu",), *window)
    body = order_text(order)
    signers = (f"kadis@rohil {key.with_suffix('.pub').read_text()}".strip(),)
    file.write_text(body + sign(body.encode(), key))
    site = replace(asked.office.site(), change_order_signers=signers)
    return asked.switch(site, "--order", str(file))


@pytest.mark.parametrize(
    ("cause", "code", "said"),
    [
        (swapped_cards, "wrong_iccid", "the card planned for indosat at bangko"),
        (expired_order, "order_expired", "was valid until 2020-01-02"),
        (recording, "capture_in_progress", "1 recording(s) being captured"),
        (on_battery, "on_battery", "runs on its battery"),
    ],
)
def test_refused_switch_is_exit_3_and_the_modem_is_byte_identical(
    cause: Callable[[Asked], int],
    code: str,
    said: str,
    asked: Asked,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = device(asked.office)
    assert "/interface lte apn" in before[0]
    assert before[1]
    assert cause(asked) == 3
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert answer["reason"].startswith(code)
    assert said in answer["reason"]
    assert device(asked.office) == before


def test_the_same_command_does_switch_where_nothing_forbids_it(asked: Asked) -> None:
    """So that it is the cause that refuses, and the comparison that would see a change."""
    before = device(asked.office)
    assert asked.switch(asked.office.site()) == 0
    assert device(asked.office) != before

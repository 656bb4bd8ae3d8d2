"""A refused switch leaves the modem byte for byte as it was: its export and its flash."""

from __future__ import annotations

import subprocess
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from lab.twins.harness import RunningTwin
from rekamatan.agent.sentences import outcome_exit
from rekamatan.models import Sim, Site, SwitchOutcome, SwitchState
from rekamatan.modems.registry import open_driver
from rekamatan.wan import switch
from rekamatan.wan.order import ChangeOrder, order_text
from rekamatan.wan.order_signature import sign
from rekamatan.wan.preflight import Surroundings
from rekamatan.wan.request import Filed
from rekamatan.wan.run import SwitchRequest
from rekamatan.wan.service import carry_out
from tests.faults.office import Quiet, quiet_ports
from tests.faults.routeros_office import RouterosOffice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rekamatan.wan.ports import Interlocks


class Recording(Quiet):
    def active_captures(self) -> int:
        return 1


@pytest.fixture
def office(tmp_path: Path) -> Iterator[RouterosOffice]:
    twin = RunningTwin(tmp_path)
    twin.wait_attached()
    twin.wait_saved()
    yield RouterosOffice(tmp_path, twin)
    twin.close()


def ask(
    office: RouterosOffice,
    site: Site,
    *,
    order: str = "",
    interlocks: Interlocks | None = None,
    mains: bool | None = None,
) -> SwitchOutcome:
    request = SwitchRequest("w20260301-000000-bbbb", "switch", "telkomsel", "", order)
    request = request if order else replace(request, change_order="470/12")
    with closing(open_driver(site.modem, office.password, {})) as driver:
        ports = replace(
            quiet_ports(office.root, driver, office.gate),
            interlocks=interlocks or Quiet(),
            surroundings=lambda: Surroundings(mains=mains),
        )
        asked = Filed(request, ports.clock.boot_id(), ports.clock.monotonic())
        return carry_out(site, ports, asked)[-1]


def device(office: RouterosOffice) -> tuple[str, dict[str, bytes]]:
    flash = office.root / "flash"
    files = {str(file.relative_to(flash)): file.read_bytes() for file in flash.rglob("*.*")}
    export = office.twin.console("/export show-sensitive")
    return export, files


def swapped_cards(office: RouterosOffice) -> SwitchOutcome:
    site = office.site()
    elsewhere = {"bangko": {"indosat": site.profiles["indosat"].sim}}
    other = Sim("up", "8962019999999999999", "510019999999999")
    indosat = replace(site.profiles["indosat"], sim=other)
    profiles = site.profiles | {"indosat": indosat}
    return ask(office, replace(site, profiles=profiles, district_sims=elsewhere))


def recording(office: RouterosOffice) -> SwitchOutcome:
    return ask(office, office.site(), interlocks=Recording())


def on_battery(office: RouterosOffice) -> SwitchOutcome:
    return ask(office, office.site(), mains=False)


def expired_order(office: RouterosOffice) -> SwitchOutcome:
    key = office.root / "key"
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
    subprocess.run(argv, check=True)
    window = ("2020-01-01T00:00+07:00", "2020-01-02T00:00+07:00")
    order = ChangeOrder("470/12", "kadis@rohil", ("telkomsel",), ("kubu",), *window)
    body = order_text(order)
    signers = (f"kadis@rohil {key.with_suffix('.pub').read_text()}".strip(),)
    site = replace(office.site(), change_order_signers=signers)
    return ask(office, site, order=body + sign(body.encode(), key))


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
    cause: Callable[[RouterosOffice], SwitchOutcome],
    code: str,
    said: str,
    office: RouterosOffice,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(switch, "CAPTURE_WAIT_S", 0.2)
    before = device(office)
    assert "/interface lte apn" in before[0]
    assert before[1]
    outcome = cause(office)
    assert outcome.state is SwitchState.REFUSED
    assert outcome.reason.startswith(code)
    assert said in outcome.reason
    assert outcome_exit(outcome) == 3
    assert device(office) == before

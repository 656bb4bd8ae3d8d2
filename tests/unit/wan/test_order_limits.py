"""Orders on a machine that is not as it should be: no ssh-keygen, an old one, a clock jump."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rekamatan import cli
from rekamatan.commands import wan as wan_command
from rekamatan.models import Rollback, SwitchOutcome, SwitchState
from rekamatan.wan import request
from rekamatan.wan.order import ChangeOrder, order_text
from rekamatan.wan.order_signature import sign
from tests.unit.wan import simulation as sim

if TYPE_CHECKING:
    from pathlib import Path

    from rekamatan.models import Site

TOO_OLD = "#!/bin/sh\necho 'unknown option -- Y' >&2\necho 'usage: ssh-keygen ...' >&2\nexit 1\n"
HOURS = ("2026-03-01T00:00+00:00", "2026-03-01T06:00+00:00")


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    key = tmp_path_factory.mktemp("key") / "kadis"
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
    subprocess.run(argv, check=True)
    return key


@pytest.fixture
def site(key: Path) -> Site:
    public = key.with_suffix(".pub").read_text().strip()
    return replace(sim.make_site(), change_order_signers=(f"kadis@rohil {public}",))


@pytest.fixture(scope="module")
def order(key: Path) -> str:
    body = order_text(ChangeOrder("470/112", "kadis@rohil", ("telkomsel",), ("kubu",), *HOURS))
    return body + sign(body.encode(), key)


def switch(world: sim.World, order: str) -> SwitchOutcome:
    last = sim.attempt(world, sim.asked_for(world, change_order="", order=order))
    assert last is not None
    return last


class TestNoSignatureSupport:
    @pytest.fixture(params=["none", "too old"])
    def keygen(
        self, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> str:
        """What this machine's ssh-keygen says."""
        program = tmp_path / "bin" / "ssh-keygen"
        program.parent.mkdir()
        if request.param == "too old":
            program.write_text(TOO_OLD)
            program.chmod(0o755)
        monkeypatch.setenv("PATH", str(program.parent))
        return "unknown option" if request.param == "too old" else "No such file"

    def test_a_good_order_is_refused_as_not_checked_not_as_altered(
        self, site: Site, order: str, keygen: str
    ) -> None:
        world = sim.World(site=site)
        last = switch(world, order)
        assert (last.state, world.modem.acts) == (SwitchState.REFUSED, [])
        assert "order_altered" not in last.reason
        assert f"ssh-keygen: check the order's signature: {keygen}" in last.reason.replace(
            "[Errno 2] ", ""
        )
        assert "openssh-client 8.2" in last.reason

    def test_at_the_command_it_is_exit_3_and_nothing_is_filed(
        self,
        site: Site,
        order: str,
        office: Path,
        monkeypatch: pytest.MonkeyPatch,
        keygen: str,
    ) -> None:
        assert keygen
        monkeypatch.setattr(wan_command, "load_site", lambda: site)
        file = office / "surat.order"
        file.write_text(order)
        assert cli.main(["wan", "switch", "--profile", "telkomsel", "--order", str(file)]) == 3
        assert request.filed(office / "wan") is None

    @pytest.mark.usefixtures("keygen")
    def test_going_back_needs_no_signature(self, site: Site) -> None:
        world = sim.World(site=site)
        world.modem.profile = "telkomsel"
        back = sim.asked_for(world, kind="rollback", profile="", change_order="470/112")
        last = sim.attempt(world, back)
        assert last is not None
        assert (last.state, last.active) == (SwitchState.COMMITTED, "indosat")


@pytest.mark.parametrize(("days", "code"), [(1, "order_expired"), (-1, "order_not_yet")])
@pytest.mark.parametrize("kind", list(Rollback))
def test_a_clock_off_by_a_day_is_named_in_the_refusal(
    days: int, code: str, kind: Rollback, site: Site, order: str
) -> None:
    world = sim.World(rollback=kind, site=site)
    world.wall_shift += timedelta(days=days)
    last = switch(world, order)
    assert (last.state, world.modem.acts) == (SwitchState.REFUSED, [])
    assert last.reason.startswith(code)
    assert f"the server's clock says {world.clock.wall():%Y-%m-%d}" in last.reason
    world.wall_shift = timedelta(0)
    asked = sim.asked_for(world, run_id="w2", change_order="", order=order)
    again = sim.attempt(world, asked)
    assert again is not None
    assert again.state is SwitchState.COMMITTED


@pytest.mark.parametrize("days", [1, -1])
@pytest.mark.parametrize("kind", list(Rollback))
def test_a_clock_that_jumps_out_of_the_window_after_the_door_changes_nothing(
    days: int, kind: Rollback, site: Site, order: str
) -> None:
    """The order was good when the switch began: what has begun ends by its gate alone."""
    quiet = sim.World(rollback=kind, site=site)
    switch(quiet, order)
    first = quiet.points.index("gate")  # the baseline: right after the order was looked at
    for at in range(first, len(quiet.points), 3):
        world = sim.World(rollback=kind, site=site)
        step = world.step

        def jump(name: str, world: sim.World = world, at: int = at, step: object = step) -> None:
            if len(world.points) == at:
                world.wall_shift = timedelta(days=days)
            step(name)  # type: ignore[operator]

        world.step = jump  # type: ignore[method-assign]
        last = switch(world, order)
        assert world.wall_shift == timedelta(days=days)
        assert (last.state, last.active) == (SwitchState.COMMITTED, "telkomsel")
        assert world.violations == []

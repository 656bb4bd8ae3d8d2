"""Signed change orders, with the real ssh-keygen: accepted only as they were signed."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from rekamatan import cli
from rekamatan.errors import ConfigError, RekamatanError
from rekamatan.models import Rollback, Site, SwitchState
from rekamatan.wan.journal import Journal
from rekamatan.wan.order import ChangeOrder, number_in, order_reasons, order_text, read_order
from rekamatan.wan.order_signature import OpensshSignatures, sign
from rekamatan.wan.run import SwitchRequest
from tests.unit.wan import simulation as sim

if TYPE_CHECKING:
    from pathlib import Path

    from rekamatan.models import SwitchOutcome

NOW = datetime(2026, 3, 1, 0, 20, tzinfo=UTC)
ORDER = ChangeOrder(
    number="470/112/2026",
    issuer="kadis@rohil",
    profiles=("telkomsel",),
    sites=("kubu", "bangko"),
    not_before="2026-03-01T00:00+00:00",
    not_after="2026-03-07T17:00+07:00",
)


def make_key(folder: Path, name: str) -> Path:
    key = folder / name
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(key)]
    subprocess.run(argv, check=True)
    return key


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("keys")
    return {name: make_key(folder, name) for name in ("kadis", "stranger")}


@pytest.fixture
def site(keys: dict[str, Path]) -> Site:
    public = keys["kadis"].with_suffix(".pub").read_text().strip()
    return replace(sim.make_site(), change_order_signers=(f"kadis@rohil {public}",))


def signed(order: ChangeOrder, key: Path) -> str:
    body = order_text(order)
    return body + sign(body.encode(), key)


def codes(site: Site, text: str, **change: str) -> list[str]:
    asked = SwitchRequest("w1", "switch", "telkomsel", "", text)
    asked = replace(asked, **change)  # type: ignore[arg-type]
    return [r.code for r in order_reasons(site, asked, NOW, OpensshSignatures())]


def test_order_as_it_was_signed_is_accepted(site: Site, keys: dict[str, Path]) -> None:
    text = signed(ORDER, keys["kadis"])
    assert codes(site, text) == []
    assert codes(site, text, change_order="470/112/2026") == []
    assert number_in(text) == "470/112/2026"
    assert codes(site, text, kind="rollback", profile="") == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"not_after": "2026-03-01T00:10+00:00"}, "order_expired"),
        ({"not_before": "2026-03-01T08:00+07:00"}, "order_not_yet"),
        ({"sites": ("bangko",)}, "order_other_site"),
        ({"profiles": ("vsat", "indosat")}, "order_other_profile"),
        ({"issuer": "bupati@rohil"}, "order_unknown_key"),
    ],
)
def test_order_that_does_not_cover_the_switch_is_refused(
    change: dict[str, str], code: str, site: Site, keys: dict[str, Path]
) -> None:
    order = replace(ORDER, **change)  # type: ignore[arg-type]
    assert codes(site, signed(order, keys["kadis"])) == [code]


def test_every_altered_byte_is_found(site: Site, keys: dict[str, Path]) -> None:
    text = signed(ORDER, keys["kadis"])
    assert codes(site, text.replace("kubu", "kubU")) == ["order_altered"]
    assert codes(site, text.replace("2026-03-07", "2026-04-07")) == ["order_altered"]
    assert codes(site, text.replace('"telkomsel"', '"telkomsel", "vsat"')) == ["order_altered"]
    middle = text.index("-----BEGIN") + 120
    broken = text[:middle] + ("A" if text[middle] != "A" else "B") + text[middle + 1 :]
    assert codes(site, broken) == ["order_altered"]
    assert codes(site, " " + text) == ["order_altered"]


def test_unknown_key_no_signature_and_another_purpose_are_refused(
    site: Site, keys: dict[str, Path]
) -> None:
    assert codes(site, signed(ORDER, keys["stranger"])) == ["order_unknown_key"]
    assert codes(site, order_text(ORDER)) == ["order_unsigned"]
    body = order_text(ORDER)
    argv = ["ssh-keygen", "-Y", "sign", "-f", str(keys["kadis"]), "-n", "file"]
    other = subprocess.run(argv, input=body.encode(), capture_output=True, check=True)
    assert codes(site, body + other.stdout.decode()) == ["order_altered"]
    nobody = replace(site, change_order_signers=())
    assert codes(nobody, signed(ORDER, keys["kadis"])) == ["order_unknown_key"]


def test_the_district_says_whether_a_signed_order_is_demanded(site: Site) -> None:
    assert codes(site, "", change_order="470/112/2026") == ["order_unsigned"]
    assert codes(site, "", kind="rollback") == []  # the order of the run it undoes
    assert codes(replace(site, change_order_signers=()), "") == []
    assert codes(replace(site, change_order_required=False), "") == []


def test_number_and_file_must_agree_and_rubbish_is_named(site: Site, keys: dict[str, Path]) -> None:
    text = signed(ORDER, keys["kadis"])
    assert codes(site, text, change_order="470/113/2026") == ["order_other_number"]
    assert codes(site, "not an order") == ["order_unreadable"]
    assert codes(site, "x" * 20_000) == ["order_unreadable"]


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"number": " "}, "number"),
        ({"issuer": "Kepala Dinas"}, "issuer"),
        ({"issuer": "*"}, "issuer"),
        ({"sites": ()}, "sites"),
        ({"profiles": ()}, "profiles"),
        ({"not_before": "2026-03-01"}, "not_before"),
        ({"not_after": "2026-02-01T00:00+00:00"}, "not_after"),
        ({"format": 2}, "format"),
    ],
)
def test_what_cannot_be_an_order_names_its_key(change: dict[str, str], key: str) -> None:
    order = replace(ORDER, **change)  # type: ignore[arg-type]
    with pytest.raises(ConfigError) as raised:
        read_order(order_text(order), "surat.order")
    assert (raised.value.subject, raised.value.action) == ("surat.order", key)


def test_unknown_key_in_the_order_is_refused() -> None:
    data = json.loads(order_text(ORDER)) | {"allow": "everything"}
    with pytest.raises(ConfigError, match="unknown key"):
        read_order(json.dumps(data), "surat.order")


def run(world: sim.World, text: str, number: str = "") -> tuple[SwitchState, str, str]:
    asked = sim.filed(world)
    request = replace(asked.request, order=text, change_order=number)
    last = sim.attempt(world, replace(asked, request=request))
    assert last is not None
    return last.state, last.reason.partition(":")[0], last.change_order


@pytest.mark.parametrize("kind", list(Rollback))
def test_the_transaction_checks_the_order_itself_and_keeps_it(
    kind: Rollback, site: Site, keys: dict[str, Path]
) -> None:
    world = sim.World(rollback=kind, site=site)
    late = signed(replace(ORDER, not_after="2026-03-01T00:10+00:00"), keys["kadis"])
    assert run(world, late) == (SwitchState.REFUSED, "order_expired", "470/112/2026")
    assert world.modem.acts == []


def test_good_order_is_journalled_whole_and_its_number_is_in_the_outcome(
    site: Site, keys: dict[str, Path]
) -> None:
    world = sim.World(site=site)
    text = signed(ORDER, keys["kadis"])
    assert run(world, text)[::2] == (SwitchState.COMMITTED, "470/112/2026")
    planned = Journal(world.disk, world.clock).last_run()[0]
    assert planned.data["order"] == text
    assert planned.data["change_order"] == "470/112/2026"


@pytest.mark.parametrize("kind", list(Rollback))
def test_the_order_of_a_switch_covers_its_rollback_also_after_it_expired(
    kind: Rollback, site: Site, keys: dict[str, Path]
) -> None:
    world = sim.World(rollback=kind, site=site)
    assert run(world, signed(ORDER, keys["kadis"]))[0] is SwitchState.COMMITTED
    world.wall_shift += timedelta(days=30)
    last = roll_back(world)
    assert (last.state, last.active) == (SwitchState.COMMITTED, "indosat")
    assert last.change_order == "470/112/2026"


def roll_back(world: sim.World, **asked_for: str) -> SwitchOutcome:
    asked = sim.filed(world, "w9", "")
    given = {"kind": "rollback", "change_order": ""} | asked_for
    last = sim.attempt(world, replace(asked, request=replace(asked.request, **given)))  # type: ignore[arg-type]
    assert last is not None
    return last


def test_rollback_that_names_a_profile_does_not_go_there_without_an_order(site: Site) -> None:
    world = sim.World(site=site)
    last = roll_back(world, profile="telkomsel", change_order="470/112/2026")
    assert (last.target, last.changed, world.modem.acts) == ("indosat", False, [])


def test_rollback_under_an_order_of_its_own_has_that_orders_number(
    site: Site, keys: dict[str, Path]
) -> None:
    world = sim.World(site=site)
    assert run(world, signed(ORDER, keys["kadis"]))[0] is SwitchState.COMMITTED
    own = replace(ORDER, number="470/113/2026", profiles=("indosat",))
    last = roll_back(world, order=signed(own, keys["kadis"]))
    assert (last.state, last.active) == (SwitchState.COMMITTED, "indosat")
    assert last.change_order == "470/113/2026"


class TestCommand:
    def make(self, file: Path, **change: str) -> list[str]:
        words = {
            "--number": "470/112/2026",
            "--issuer": "kadis@rohil",
            "--profile": "telkomsel",
            "--site": "kubu",
            "--from": "2026-03-01T00:00+07:00",
            "--until": "2099-03-07T17:00+07:00",
        }
        given = [part for pair in (words | change).items() for part in pair]
        return ["order", "make", str(file), *given]

    def test_made_signed_and_verified(
        self, tmp_path: Path, keys: dict[str, Path], capsys: pytest.CaptureFixture[str]
    ) -> None:
        file, signers = tmp_path / "surat.order", tmp_path / "signers"
        public = keys["kadis"].with_suffix(".pub").read_text()
        signers.write_text(f"# siapa\n\nkadis@rohil {public}")
        assert cli.main(self.make(file)) == 0
        check = ["order", "verify", str(file), "--signers", str(signers)]
        assert cli.main(check) == 3  # not signed yet
        for _ in range(2):  # signing twice leaves one signature
            assert cli.main(["order", "sign", str(file), "--key", str(keys["kadis"])]) == 0
        assert file.read_text().count("BEGIN SSH SIGNATURE") == 1
        assert cli.main([*check, "--site", "kubu", "--profile", "telkomsel"]) == 0
        assert "sah" in capsys.readouterr().out
        assert cli.main([*check, "--site", "bangko", "--lang", "en"]) == 3
        assert "order_other_site" in capsys.readouterr().err
        assert cli.main([*check, "--profile", "vsat", "--json"]) == 3
        found = json.loads(capsys.readouterr().out)
        assert [reason["code"] for reason in found["reasons"]] == ["order_other_profile"]

    def test_nothing_is_overwritten_and_bad_input_is_named(
        self, tmp_path: Path, keys: dict[str, Path], capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = tmp_path / "surat.order"
        assert cli.main(self.make(file, **{"--until": "2020-01-01T00:00+07:00"})) == 2
        assert not file.exists()
        assert cli.main(self.make(file)) == 0
        before = file.read_bytes()
        assert cli.main(self.make(file)) == 3
        assert file.read_bytes() == before
        assert cli.main(["order", "sign", str(file), "--key", str(tmp_path / "none")]) == 1
        assert cli.main(["order", "verify", str(tmp_path / "none"), "--signers", str(file)]) == 2
        capsys.readouterr()
        with pytest.raises(RekamatanError):
            sign(b"x", keys["kadis"].with_suffix(".missing"))

"""The whole way to a site: packing, the receiver's own code, a link that dies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from rekamatan.errors import RefusedError, RekamatanError, UnknownOutcomeError
from rekamatan.fleet import receiver
from rekamatan.fleet.deliver import Delivery, deliver
from rekamatan.fleet.follow import REACH_TRIES, LinkLostError, Patience, follow_apply
from rekamatan.fleet.release import collect
from tests.unit.release.site import SiteChannel, TestClock, end_of

SECRET = "kenari-7f3a"  # noqa: S105 - a canary


def delivery_of(project: Path, run_id: str = "r1", **options: bool) -> Delivery:
    return Delivery(
        site="kubu",
        project=project,
        wheelhouse=project / "build/wheelhouse",
        variables={"vpn_private_key": SECRET},
        run_id=run_id,
        **options,
    )


def patient(seconds: float = 600.0) -> Patience:
    clock = TestClock()
    return Patience("kubu", clock, clock.monotonic() + seconds)


@pytest.fixture(autouse=True)
def _python_of_the_site(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiver.sys, "version_info", _Version())
    monkeypatch.setattr(receiver.platform, "machine", lambda: "x86_64")


class _Version(NamedTuple):
    major: int = 3
    minor: int = 11


def test_the_site_gets_the_release_and_starts_it(project: Path, site_root: Path) -> None:
    channel = SiteChannel(site_root)
    run = Path(deliver(delivery_of(project, diff=True), channel, patient()))
    release = collect(project, project / "build/wheelhouse", "3.11", "x86_64")
    there = (site_root / "release").resolve()
    assert there.name == release.release_id
    assert {p.relative_to(there).as_posix() for p in there.rglob("*") if p.is_file()} == {
        *release.files,
        "SHA256SUMS",
    }
    assert json.loads((run / "site-vars.json").read_text()) == {"vpn_private_key": SECRET}
    assert (run / "site-vars.json").stat().st_mode & 0o777 == 0o600
    assert run.stat().st_mode & 0o777 == 0o700
    (argv,) = receiver.STARTED  # type: ignore[attr-defined]
    assert "--diff" in argv
    assert SECRET not in " ".join(argv)
    assert not (site_root / "incoming").exists()


def test_a_second_delivery_sends_almost_nothing(project: Path, site_root: Path) -> None:
    first = SiteChannel(site_root)
    deliver(delivery_of(project), first, patient())
    second = SiteChannel(site_root)
    deliver(delivery_of(project, "r2"), second, patient())
    assert len(second.calls) == 2  # one question, one delivery
    assert second.sent_bytes < 2500
    assert second.sent_bytes < first.sent_bytes / 4


def test_imaged_wheels_do_not_travel(project: Path, site_root: Path) -> None:
    house = site_root / "wheelhouse"
    house.mkdir()
    for wheel in (project / "build/wheelhouse").glob("*.whl"):
        (house / wheel.name).write_bytes(wheel.read_bytes())
    channel = SiteChannel(site_root)
    deliver(delivery_of(project), channel, patient())
    assert channel.sent_bytes < 20_000
    assert len(list((site_root / "release/wheelhouse").glob("*.whl"))) == 5


def test_a_wheel_cut_short_by_a_power_loss_travels_again(project: Path, site_root: Path) -> None:
    deliver(delivery_of(project), SiteChannel(site_root), patient())
    damaged = site_root / "release/wheelhouse/rekamatan-0.1.0-py3-none-any.whl"
    damaged.write_bytes(b"")
    deliver(delivery_of(project, "r2"), SiteChannel(site_root), patient())
    there = site_root / "release/wheelhouse/rekamatan-0.1.0-py3-none-any.whl"
    good = project / "build/wheelhouse" / there.name
    assert there.read_bytes() == good.read_bytes()


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_link_cut_while_sending_costs_nothing_that_arrived(
    project: Path, site_root: Path, when: str
) -> None:
    channel = SiteChannel(site_root, cuts={1: when})
    deliver(delivery_of(project), channel, patient())
    assert channel.resets == 1
    assert (site_root / "release/SHA256SUMS").exists()
    assert len(receiver.STARTED) == 1  # type: ignore[attr-defined]


def test_an_order_that_arrived_is_not_given_twice(project: Path, site_root: Path) -> None:
    probe = SiteChannel(site_root)
    deliver(delivery_of(project, "r0"), probe, patient())
    receiver.STARTED.clear()  # type: ignore[attr-defined]
    channel = SiteChannel(site_root, cuts={1: "after"})  # the order arrived, its answer did not
    deliver(delivery_of(project), channel, patient())
    assert len(receiver.STARTED) == 1  # type: ignore[attr-defined]
    assert channel.calls[-1][0] == "follow"


def test_a_site_that_never_answered_was_not_touched(project: Path, site_root: Path) -> None:
    silent = SiteChannel(site_root, cuts=dict.fromkeys(range(REACH_TRIES), "before"))
    with pytest.raises(LinkLostError):
        deliver(delivery_of(project), silent, patient())
    assert not any(site_root.iterdir())


def test_a_first_question_that_got_lost_is_asked_over_a_new_session(
    project: Path, site_root: Path
) -> None:
    channel = SiteChannel(site_root, cuts={0: "before"})
    deliver(delivery_of(project), channel, patient())
    assert channel.resets == 1
    assert [call[0] for call in channel.calls[:2]] == ["ask", "ask"]


def test_another_apply_is_not_disturbed_and_the_same_one_is_joined(
    project: Path, site_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = deliver(delivery_of(project), SiteChannel(site_root), patient())
    monkeypatch.setattr(
        receiver,
        "running_apply",
        lambda: json.loads((receiver.RUNS / "current/start.json").read_text()),
    )
    assert deliver(delivery_of(project, "r2"), SiteChannel(site_root), patient()) == run
    with pytest.raises(RefusedError, match="another apply is running"):
        deliver(delivery_of(project, "r3", diff=True), SiteChannel(site_root), patient())


def test_full_disk_and_no_root_are_refused_before_sending(
    project: Path, site_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiver.os, "geteuid", lambda: 1000)
    channel = SiteChannel(site_root)
    with pytest.raises(RekamatanError, match="does not become root"):
        deliver(delivery_of(project), channel, patient())
    assert channel.sent_bytes == 0


def test_a_check_leaves_the_site_alone(
    project: Path, site_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aside = tmp_path / "aside-"
    monkeypatch.setattr("rekamatan.fleet.deliver.CHECK_ROOT", str(aside))
    run = Path(deliver(delivery_of(project, check=True), SiteChannel(site_root), patient()))
    assert not any(site_root.iterdir())
    assert "--check" in receiver.STARTED[0]  # type: ignore[attr-defined]
    monkeypatch.setenv("EXIT_STATUS", "0")
    receiver.ended(run)
    assert not Path(f"{aside}r1").exists()
    assert not (run / "site-vars.json").exists()


def test_events_are_relayed_once_across_lost_sessions(project: Path, site_root: Path) -> None:
    run = Path(deliver(delivery_of(project), SiteChannel(site_root), patient()))
    events = [{"task": "a", "status": "ok", "changed": False}, {"task": "b", "changed": True}]
    end_of(events, 0, run)
    told: list[dict[str, Any]] = []
    channel = SiteChannel(site_root, cuts={0: "after", 1: "before"})
    ended = follow_apply(channel, str(run), patient(), told.append)
    assert told == events
    assert ended.changed
    assert channel.resets == 2


def test_a_half_written_event_waits_for_its_end(project: Path, site_root: Path) -> None:
    run = Path(deliver(delivery_of(project), SiteChannel(site_root), patient()))
    (run / "events.jsonl").write_text('{"task": "a"}\n{"task": "b')
    news = receiver.follow(run, 0, 0)
    assert news["events"] == [{"task": "a"}]
    (run / "events.jsonl").write_text('{"task": "a"}\n{"task": "b"}\n')
    assert receiver.follow(run, news["offset"], 0)["events"] == [{"task": "b"}]


def test_a_failed_apply_brings_the_reason(project: Path, site_root: Path) -> None:
    run = Path(deliver(delivery_of(project), SiteChannel(site_root), patient()))
    end_of([], 1, run)
    ended = follow_apply(SiteChannel(site_root), str(run), patient(), lambda _: None)
    assert ended.exit_code == 1
    assert "the last line of the log" in ended.log


@pytest.mark.parametrize("lost", ["restart", "link"])
def test_what_is_not_known_is_not_called_failed(site_root: Path, lost: str) -> None:
    cuts = dict.fromkeys(range(99), "before") if lost == "link" else {}
    patience = patient(120.0)
    with pytest.raises(UnknownOutcomeError):
        follow_apply(SiteChannel(site_root, cuts=cuts), "/nowhere", patience, lambda _: None)
    assert patience.clock.monotonic() <= patience.deadline

"""May a capture begin: by policy, link and room; and what began may end."""

from __future__ import annotations

import hashlib
import os
import time
from typing import TYPE_CHECKING, cast

import pytest

from rekamatan.errors import RecordError
from rekamatan.records import incoming as incoming_module
from rekamatan.records.capture_words import CaptureStoppedError
from rekamatan.records.captures import (
    ACTIVE_S,
    RESERVE_BYTES,
    VALID_S,
    CaptureDesk,
    active_captures,
)
from rekamatan.records.incoming import DiskFullError, Incoming, PartialUpload, PartialWriter
from rekamatan.records.link_watch import LinkWatch
from rekamatan.records.metadata import Offer
from rekamatan.records.reception import Reception
from rekamatan.records.spool import Spool

if TYPE_CHECKING:
    from pathlib import Path

    from rekamatan.records.uplink import Uplink

ID, OWNER = "00000000-aaaa", "ws1.kubu"
PAYLOAD = b"seven.."
OFFER = Offer(ID, hashlib.sha256(PAYLOAD).hexdigest(), len(PAYLOAD))


class Link:
    """What the watch would say."""

    def __init__(self, *, online: bool | None) -> None:
        self.state = online

    def __call__(self) -> bool | None:
        return self.state


def desk(
    directory: Path, *, online: bool | None = True, policy: str = "online_only", room: int = 2**40
) -> tuple[CaptureDesk, Link]:
    link = Link(online=online)
    return CaptureDesk(directory, lambda: room, link, policy == "online_only"), link


def age(directory: Path, seconds: float) -> None:
    moment = time.time() - seconds
    os.utime(directory / "captures" / f"{ID}.json", (moment, moment))


@pytest.mark.parametrize("online", [False, None])
def test_online_only_stops_new_captures_until_the_link_is_proven(
    tmp_path: Path,
    online: bool | None,  # noqa: FBT001 - a parameter
) -> None:
    at_desk, link = desk(tmp_path, online=online)
    with pytest.raises(CaptureStoppedError) as caught:
        at_desk.begin(ID, OWNER)
    assert caught.value.code == "offline"
    assert active_captures(tmp_path) == 0
    link.state = True
    at_desk.begin(ID, OWNER)
    assert active_captures(tmp_path) == 1


def test_allowed_goes_on_without_the_link(tmp_path: Path) -> None:
    at_desk, _ = desk(tmp_path, online=False, policy="allowed")
    at_desk.begin(ID, OWNER)
    assert at_desk.admit("00000000-bbbb", OWNER) is False


def test_capture_under_way_may_end_without_the_link(tmp_path: Path) -> None:
    at_desk, link = desk(tmp_path)
    at_desk.begin(ID, OWNER)
    link.state = False
    at_desk.begin(ID, OWNER)  # it goes on, and says so
    assert at_desk.admit(ID, OWNER) is True
    with pytest.raises(CaptureStoppedError):
        at_desk.admit("00000000-bbbb", OWNER)


def test_a_permit_is_its_workstations_own(tmp_path: Path) -> None:
    at_desk, link = desk(tmp_path)
    at_desk.begin(ID, OWNER)
    with pytest.raises(RecordError, match="another workstation"):
        at_desk.begin(ID, "ws2.kubu")
    link.state = False
    with pytest.raises(CaptureStoppedError):
        at_desk.admit(ID, "ws2.kubu")
    at_desk.end(ID, "ws2.kubu")
    assert active_captures(tmp_path) == 1


@pytest.mark.parametrize("name", ["../../etc/passwd", "short", "canary-00000000", ""])
def test_permit_is_a_file_only_for_a_records_id(tmp_path: Path, name: str) -> None:
    at_desk, _ = desk(tmp_path)
    with pytest.raises(RecordError):
        at_desk.begin(name, OWNER)
    assert list(tmp_path.rglob("*.json")) == []


def test_full_disk_refuses_the_beginning_not_the_end(tmp_path: Path) -> None:
    at_desk, _ = desk(tmp_path, room=RESERVE_BYTES)
    at_desk.begin(ID, OWNER)
    with pytest.raises(CaptureStoppedError) as caught:
        at_desk.begin("00000000-bbbb", OWNER)
    assert caught.value.code == "disk_full", "the room is promised to the first"
    assert at_desk.admit(ID, OWNER) is True


def test_capture_under_way_may_use_half_of_the_floor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = 80

    monkeypatch.setattr(incoming_module.shutil, "disk_usage", lambda _: Usage)
    incoming = Incoming(tmp_path, floor_bytes=100)
    with pytest.raises(DiskFullError):
        incoming.create(OFFER, OWNER)
    incoming.create(OFFER, OWNER, under_way=True)
    too_large = Offer("00000000-bbbb", "0" * 64, 40)
    with pytest.raises(DiskFullError):
        incoming.create(too_large, OWNER, under_way=True)


def test_permit_ends_with_its_record(tmp_path: Path) -> None:
    at_desk, link = desk(tmp_path)
    incoming = Incoming(tmp_path / "incoming", 0)
    reception = Reception(incoming, Spool(tmp_path), accepts_canaries=False, captures=at_desk)
    at_desk.begin(ID, OWNER)
    link.state = False
    partial = reception.create(OFFER, OWNER)
    assert isinstance(partial, PartialUpload)
    assert active_captures(tmp_path) == 1, "permit and upload are one capture"
    writer = PartialWriter(partial)
    writer.write(PAYLOAD)
    writer.close()
    reception.finish(partial)
    assert active_captures(tmp_path) == 0
    assert list((tmp_path / "captures").iterdir()) == []


def test_forgotten_permit_stops_counting_and_later_goes(tmp_path: Path) -> None:
    at_desk, link = desk(tmp_path)
    at_desk.begin(ID, OWNER)
    age(tmp_path, ACTIVE_S + 1)
    assert active_captures(tmp_path) == 0
    link.state = False
    assert at_desk.admit(ID, OWNER) is True, "its person was recorded"
    assert at_desk.expire() == []
    age(tmp_path, VALID_S + 1)
    assert at_desk.expire() == [ID]


def test_a_clock_that_jumped_back_keeps_a_capture_active(tmp_path: Path) -> None:
    at_desk, _ = desk(tmp_path)
    at_desk.begin(ID, OWNER)
    age(tmp_path, -86_400)
    assert active_captures(tmp_path) == 1


class Answers(LinkWatch):
    """Answers as it is told."""

    def __init__(self, answers: str) -> None:
        super().__init__(self._nothing)
        self._answers = [answer == "y" for answer in answers]

    @staticmethod
    def _nothing() -> Uplink:
        raise AssertionError

    def _answered(self) -> bool:
        return self._answers.pop(0)


def test_one_lost_answer_is_no_outage() -> None:
    watch = Answers("ynynny")
    seen = []
    for _ in range(6):
        watch.ask()
        seen.append(watch.online())
    assert seen == [True, True, True, True, False, True]


def test_not_known_until_it_answered_or_failed_twice() -> None:
    watch = Answers("nn")
    watch.ask()
    assert watch.online() is None
    watch.ask()
    assert watch.online() is False


class FarEnd:
    """Stands for an uplink and its connection: answers OPTIONS with one status."""

    def __init__(self, status: int) -> None:
        self.status = status

    def connect(self) -> FarEnd:
        return self

    def request(self, method: str, path: str) -> None:
        assert (method, path) == ("OPTIONS", "/files/")

    def getresponse(self) -> FarEnd:
        return self

    def read(self) -> bytes:
        return b""

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("status", "online"), [(204, True), (200, False), (404, False), (503, False)]
)
def test_only_the_ingests_own_answer_counts(status: int, online: object) -> None:
    """A captive portal or a proxy's error page is not the data centre."""
    watch = LinkWatch(lambda: cast("Uplink", FarEnd(status)))
    watch.ask()
    watch.ask()
    assert watch.online() is online

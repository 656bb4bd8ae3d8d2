"""What the lab takes from the machine it runs on, and what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lab import host, state
from lab.errors import LabError
from lab.images import IMAGES, host_sources, reference
from lab.network import taken_by

if TYPE_CHECKING:
    from pathlib import Path

DEBIAN = """Types: deb
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main

Types: deb
URIs: http://mirror.example/security
Suites: bookworm-security
Components: main
"""


def apt(root: Path, **files: str) -> Path:
    (root / "sources.list.d").mkdir()
    for name, text in files.items():
        (root / "sources.list.d" / name.replace("_", ".")).write_text(text)
    return root


def test_other_vendors_sources_are_left_out(tmp_path: Path) -> None:
    vendor = DEBIAN.split("\n\n", maxsplit=1)[0].replace("bookworm bookworm-updates", "nodistro")
    found = host_sources("bookworm", apt(tmp_path, debian_sources=DEBIAN, node_sources=vendor))
    assert "security" in found
    assert "nodistro" not in found


def test_one_line_sources_where_there_are_no_others(tmp_path: Path) -> None:
    text = (
        "# deb http://old.example/debian bookworm main\n"
        "deb [signed-by=/k.gpg] http://mirror.example/debian bookworm main\n"
        "deb http://mirror.example/security bookworm-security main\n"
        "deb https://cloud.example/apt cloud-sdk-bookworm main\n"
    )
    found = host_sources("bookworm", apt(tmp_path, debian_list=text)).splitlines()
    assert found == text.splitlines()[1:3]


def test_a_machine_without_sources_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="none names trixie"):
        host_sources("trixie", apt(tmp_path, debian_sources=DEBIAN))


def test_an_image_is_known_by_what_it_holds() -> None:
    server = IMAGES["server"]
    assert reference(server, "bookworm", DEBIAN) == reference(server, "bookworm", DEBIAN)
    assert reference(server, "bookworm", DEBIAN) != reference(server, "bookworm", DEBIAN + "#")
    assert reference(server, "bookworm", DEBIAN) != reference(server, "trixie", DEBIAN)


@pytest.mark.parametrize("destination", ["198.18.0.0/15", "198.18.0.2", "198.0.0.0/8"])
def test_an_uplink_range_in_use_is_seen(destination: str) -> None:
    assert taken_by([{"dst": "default"}, {"dst": destination}]) == destination


def test_other_routes_and_a_default_route_are_no_conflict() -> None:
    assert taken_by([{"dst": "default"}, {"dst": "0.0.0.0/0"}, {"dst": "198.18.0.4/30"}]) is None


def test_restoring_a_carrier_also_restores_what_was_broken_site_by_site(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "STATE_FILE", tmp_path / "state.json")
    monkeypatch.setattr(state, "LAB", tmp_path)
    for fault in ("cut-carrier indosat kubu", "cut-carrier indosat2", "cut-carrier indosat"):
        state.note_fault(fault, active=True)
    state.note_fault("cut-carrier indosat", active=True)
    state.note_fault("cut-carrier indosat", active=False)
    assert state.faults() == ["cut-carrier indosat2"]


@pytest.fixture
def limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    setting = tmp_path / "max_user_instances"
    setting.write_text("128\n", encoding="ascii")
    monkeypatch.setattr(host, "LIMIT", setting)
    monkeypatch.setattr(host, "FORMER", tmp_path / "lab" / "former")
    return setting


def test_the_hosts_limit_is_raised_for_the_lab_and_given_back(limit: Path) -> None:
    host.make_room(39)
    assert int(limit.read_text()) >= 39 * 10
    host.make_room(60)  # completing a raised lab must not take the lab's value for the host's own
    host.give_room_back()
    assert limit.read_text() == "128\n"
    host.give_room_back()


def test_a_host_with_room_is_left_alone(limit: Path) -> None:
    limit.write_text("65536\n", encoding="ascii")
    host.make_room(39)
    assert limit.read_text() == "65536\n"
    assert not host.FORMER.exists()


def test_who_may_not_raise_the_limit_is_told_the_command(
    limit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, *_: object, **__: object) -> int:
        raise PermissionError(path)

    host.FORMER.parent.mkdir()
    monkeypatch.setattr("pathlib.Path.write_text", refuse)
    with pytest.raises(LabError, match=r"sudo sysctl fs.inotify.max_user_instances="):
        host.make_room(39)
    assert limit.read_text() == "128\n"

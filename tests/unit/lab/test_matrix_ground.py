"""What the matrix changes of the installed program, and when it takes a raised lab as it is."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from lab import engine, state
from lab.errors import LabError
from lab.matrix import ground, package
from lab.matrix.ground import is_ours
from lab.paths import ROOT
from rekamatan.modems.registry import platforms

if TYPE_CHECKING:
    from pathlib import Path

    from lab.matrix.package import Edit


TIMED = [name for name in platforms() if package.has_timer(name)]


def apply(edit: Edit, folder: Path) -> int:
    argv = ["sh", "-c", edit.script(str(folder))]
    return subprocess.run(argv, check=False, capture_output=True).returncode


@pytest.mark.parametrize(
    ("there", "back"),
    [
        *[(package.kind("server", name), package.kind("device", name)) for name in TIMED],
        (package.fsync(on=False), package.fsync(on=True)),
    ],
    ids=[*TIMED, "fsync"],
)
def test_the_edits_fit_this_trees_own_program(there: Edit, back: Edit, tmp_path: Path) -> None:
    ours, copy = ROOT / there.path, tmp_path / there.path
    copy.parent.mkdir(parents=True)
    shutil.copy(ours, copy)
    assert apply(there, tmp_path) == 0
    changed = [
        (old, new)
        for old, new in zip(ours.read_text().split("\n"), copy.read_text().split("\n"), strict=True)
        if old != new
    ]
    assert len(changed) == 1, changed
    compile(copy.read_text(), str(copy), "exec")
    assert apply(there, tmp_path) == 0  # done already
    assert apply(back, tmp_path) == 0
    assert copy.read_bytes() == ours.read_bytes()


def test_an_edit_that_does_not_fit_says_so(tmp_path: Path) -> None:
    edit = package.fsync(on=False)
    (tmp_path / edit.path).parent.mkdir(parents=True)
    (tmp_path / edit.path).write_text("nothing = 1\n")
    assert apply(edit, tmp_path) != 0


def listing(tree: Path) -> str:
    names = {
        "scripts/pasang": tree / "scripts/pasang",
        "wheelhouse/a.whl": tree / "build/wheelhouse/a.whl",
    }
    rows = []
    for name, path in names.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        rows.append(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}\n")
    return "".join(rows)


def test_a_release_is_ours_when_each_of_its_files_is(tmp_path: Path) -> None:
    text = listing(tmp_path)
    assert is_ours(text, tmp_path)
    (tmp_path / "build/wheelhouse/a.whl").write_text("another program")
    assert not is_ours(text, tmp_path)


def test_a_release_with_a_file_that_we_lack_or_none_at_all_is_not_ours(tmp_path: Path) -> None:
    text = listing(tmp_path)
    (tmp_path / "scripts/pasang").unlink()
    assert not is_ours(text, tmp_path)
    assert not is_ours("", tmp_path)
    assert not is_ours("rubbish\n", tmp_path)


@pytest.mark.parametrize(
    ("raised", "ours", "expected"),
    [
        (["kubu", "bangko"], ["kubu", "bangko"], []),
        (["kubu", "bangko"], ["kubu"], ["provision"]),
        (["kubu"], ["kubu"], ["up", "provision"]),
        ([], [], ["up", "provision"]),
    ],
)
def test_a_lab_that_stands_and_is_provisioned_is_taken_as_it_is(
    raised: list[str], ours: list[str], expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    def command(argv: list[str]) -> None:
        said.append("up" if "up" in argv else "provision")

    sites = (SimpleNamespace(slug="kubu"), SimpleNamespace(slug="bangko"))
    monkeypatch.setattr(ground, "_command", command)
    monkeypatch.setattr(ground, "provisioned", lambda site: site.slug in ours)
    monkeypatch.setattr(engine, "nodes", lambda: dict.fromkeys(raised, True))
    monkeypatch.setattr(state, "raised_sites", lambda: raised)
    monkeypatch.setattr(state, "load", lambda: SimpleNamespace(sites=sites))
    ground.raise_lab(2)
    assert said == expected


def test_only_offices_whose_modem_has_a_timer_take_part(
    capsys: pytest.CaptureFixture[str],
) -> None:
    sites: Any = [
        SimpleNamespace(slug="kubu", platform="routeros7"),
        SimpleNamespace(slug="bangko", platform="hilink"),
        SimpleNamespace(slug="pujud", platform="ios"),
    ]
    assert [site.slug for site in ground.fit_for_cases(sites)] == ["kubu", "pujud"]
    said = capsys.readouterr().out
    assert "kubu (routeros7), pujud (ios); no timer: bangko (hilink)" in said
    with pytest.raises(LabError, match=r"no modem with a timer: bangko \(hilink\)"):
        ground.fit_for_cases(sites[1:2])


def test_every_platform_of_the_first_six_sites_can_be_played() -> None:
    assert set(TIMED) >= {"ios", "openwrt", "routeros6", "routeros7", "rutos", "vyos"}

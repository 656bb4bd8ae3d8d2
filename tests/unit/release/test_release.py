from __future__ import annotations

import hashlib
import io
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest

from rekamatan.errors import ConfigError
from rekamatan.fleet.release import (
    archive,
    batches,
    collect,
    fits,
    merge,
    role_variables,
    write_tree,
)

if TYPE_CHECKING:
    from pathlib import Path

X86 = "x86_64"


def collected(project: Path, python: str = "3.11") -> dict[str, Path]:
    return dict(collect(project, project / "build/wheelhouse", python, X86).files)


def test_only_what_the_local_play_needs_travels(project: Path) -> None:
    files = collected(project)
    assert "roles/vpn/tasks/main.yml" in files
    assert "rekamatan/fleet/receiver.py" in files
    assert "rekamatan/fleet/secrets.py" not in files
    assert not [name for name in files if "action_plugins" in name or "__pycache__" in name]


def test_wheels_are_those_of_the_sites_python(project: Path) -> None:
    on_twelve = {name for name in collected(project, "3.11") if "yarl" in name}
    on_thirteen = {name for name in collected(project, "3.13") if "yarl" in name}
    assert on_twelve == {"wheelhouse/yarl-1.25.1-cp311-cp311-manylinux_2_17_x86_64.whl"}
    assert on_thirteen == {"wheelhouse/yarl-1.25.1-cp313-cp313-manylinux_2_17_x86_64.whl"}


@pytest.mark.parametrize(
    ("wheel", "python", "machine", "expected"),
    [
        ("a-1-py3-none-any.whl", "3.13", X86, True),
        ("a-1-py2.py3-none-any.whl", "3.11", X86, True),
        ("a-1-cp39-abi3-manylinux_2_28_x86_64.whl", "3.13", X86, True),
        ("a-1-cp312-abi3-manylinux_2_28_x86_64.whl", "3.11", X86, False),
        ("a-1-cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64.whl", "3.11", X86, True),
        ("a-1-cp311-cp311-manylinux2014_aarch64.whl", "3.11", X86, False),
        ("a-1-cp311-cp311-macosx_11_0_arm64.whl", "3.11", "arm64", False),
        ("a-1-cp313-cp313-manylinux2014_x86_64.whl", "3.11", X86, False),
    ],
)
def test_fits(
    wheel: str,
    python: str,
    machine: str,
    expected: bool,  # noqa: FBT001 - a table of cases
) -> None:
    assert fits(wheel, python, machine) is expected


def test_a_missing_wheel_is_named_before_anything_is_sent(project: Path) -> None:
    (project / "build/wheelhouse/pip-26.3-py3-none-any.whl").unlink()
    with pytest.raises(ConfigError, match="no wheel of pip fits"):
        collected(project)


def test_the_same_content_gives_the_same_bytes_and_name(project: Path) -> None:
    assert archive({"b": b"2", "a": b"1"}) == archive({"a": b"1", "b": b"2"})
    first = collect(project, project / "build/wheelhouse", "3.11", X86)
    for path in project.rglob("*.yml"):
        path.touch()  # a checkout elsewhere has other times
    again = collect(project, project / "build/wheelhouse", "3.11", X86)
    assert first.release_id == again.release_id
    (project / "roles/vpn/tasks/main.yml").write_text("--- # changed\n", encoding="utf-8")
    changed = collect(project, project / "build/wheelhouse", "3.11", X86)
    assert changed.release_id != first.release_id


def test_only_what_the_site_lacks_is_missing(project: Path) -> None:
    release = collect(project, project / "build/wheelhouse", "3.11", X86)
    lacked = "roles/vpn/tasks/main.yml"
    has = [digest[:16] for path, digest in release.digests.items() if path != lacked]
    assert release.missing(has) == [lacked]
    assert release.missing([]) == sorted(
        release.missing([]), key=lambda path: (release.files[path].stat().st_size, path)
    )


def test_batches_stay_near_the_limit_and_hold_everything(project: Path) -> None:
    release = collect(project, project / "build/wheelhouse", "3.11", X86)
    missing = release.missing([])
    names: list[str] = []
    for payload in batches(release, missing, limit=100_000):
        with tarfile.open(fileobj=io.BytesIO(payload)) as tar:
            members = tar.getmembers()
            assert len(members) == 1 or sum(member.size for member in members) <= 100_000
            for member in members:
                content = tar.extractfile(member)
                assert content is not None
                assert hashlib.sha256(content.read()).hexdigest() == member.name
                names.append(member.name)
    assert sorted(names) == sorted({release.digests[path] for path in missing})


def test_a_stick_holds_what_sha256sum_accepts_and_nothing_stale(
    project: Path, tmp_path: Path
) -> None:
    house = project / "build/wheelhouse"
    release = merge([collect(project, house, "3.11", X86), collect(project, house, "3.13", X86)])
    stick = tmp_path / "stick"
    (stick / "roles/old").mkdir(parents=True)
    (stick / "roles/old/main.yml").write_text("gone", encoding="utf-8")
    write_tree(release, stick)
    check = ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]
    subprocess.run(check, cwd=stick, check=True)
    assert not (stick / "roles/old").exists()
    assert len(list(stick.glob("wheelhouse/yarl-*"))) == 2
    assert (stick / "scripts/pasang").stat().st_mode & 0o111


def test_variables_of_others_stay_here() -> None:
    variables = {"vpn_mtu": 1280, "vault_modem_password": "x", "ansible_user": "y", "modem_": 1}
    found = role_variables(variables, ("vpn_", "modem_"), lambda value: value * 2)
    assert found == {"modem_": 2, "vpn_mtu": 2560}

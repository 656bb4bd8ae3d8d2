"""Every service unit of the roles, as they render it, is confined: exposure at most 3.0.

`systemd-analyze security` counts from 0.0 (confined) to 10.0; units of Debian without a sandbox
have 9.6. New units are found by themselves; one that needs more must say so here, with its reason.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import jinja2
import pytest

ROLES = Path(__file__).parents[3] / "roles"
LIMIT = 30  # tenths
OFFLINE_SINCE = 250  # systemd-analyze security --offline
UNITS = sorted(ROLES.glob("*/templates/*.service.j2"))
VARIABLES = {
    "recording_server_application": {"adapter": {"command": ["/usr/bin/jawab"]}},
    "backup_store_address": "10.77.0.1",
    "backup_repository": "rclone:kubu",
    "backup_limit_upload": 8,
    "__backup_paths": ["/etc/rekamatan"],
    "__backup_restored": ["/var/lib/rekamatan/evidence"],
    "data_centre_audit": "quick",
    "data_centre_metrics_directory": "/var/lib/rekamatan-metrics",
    "data_volume_mount": "/srv/rekamatan-data",
}


def version() -> int:
    program = shutil.which("systemd-analyze")
    if program is None:
        return 0
    text = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.match(r"systemd (\d+)", text)
    return int(found.group(1)) if found else 0


needs_systemd = pytest.mark.skipif(version() < OFFLINE_SINCE, reason="no systemd-analyze --offline")


def render(template: Path) -> str:
    environment = jinja2.Environment(  # noqa: S701 - unit files, not HTML
        loader=jinja2.FileSystemLoader(template.parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    return environment.get_template(template.name).render(VARIABLES)


def analyse(unit: Path) -> tuple[int, str]:
    argv = ["systemd-analyze", "security", "--offline=yes", f"--threshold={LIMIT}", str(unit)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_there_are_units() -> None:
    names = {path.name.removesuffix(".j2") for path in UNITS}
    assert {"rekamatan-intake.service", "rekamatan-ingest.service", "rekamatan-wan.service"} < names


@needs_systemd
@pytest.mark.parametrize("template", UNITS, ids=lambda path: path.name.removesuffix(".j2"))
def test_unit_is_confined(template: Path, tmp_path: Path) -> None:
    unit = tmp_path / template.name.removesuffix(".j2")
    unit.write_text(render(template))
    status, said = analyse(unit)
    assert "Overall exposure level" in said, said
    assert status == 0, said[-3000:]


@needs_systemd
def test_a_unit_without_a_sandbox_would_be_found(tmp_path: Path) -> None:
    template = next(path for path in UNITS if path.name == "rekamatan-intake.service.j2")
    unit = tmp_path / "rekamatan-intake.service"
    text = render(template)
    bare = re.sub(
        r"^(Protect|Restrict|Private|System|NoNew|Capability|User).*\n",
        "",
        text,
        flags=re.MULTILINE,
    )
    assert bare != text
    unit.write_text(bare)
    assert analyse(unit)[0] != 0

"""Schemathesis, from the service's own description: all it makes up is answered as described."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.records import described_hooks
from tests.records.described_hooks import KNOWN_BYTES, KNOWN_ID
from tests.records.hostile import everything_below, resident_kilobytes
from tests.records.services import Record

if TYPE_CHECKING:
    from tests.records.conftest import Intake

DESCRIPTION = Path(__file__).resolve().parents[2] / "docs/upload.openapi.yaml"
EXAMPLES = 80
MORE_KILOBYTES = 64 * 1024


def test_no_generated_request_crashes_it_or_is_answered_otherwise_than_described(
    besieged: Intake, tmp_path: Path
) -> None:
    assert besieged.service._process is not None
    pid = besieged.service._process.pid
    known = Record(bytes(KNOWN_BYTES), KNOWN_ID)
    assert besieged.client("ws9.kubu").create(known).status == 201
    before, held = everything_below(besieged.directory), resident_kilobytes(pid)
    # Its own cache and reports do not belong beside the records.
    work = tmp_path.parent / f"{tmp_path.name}-schemathesis"
    work.mkdir()
    certificate, key = besieged.authority.issue("ws9.kubu")
    argv = [sys.executable, "-m", "schemathesis.cli", "--no-color", "run", str(DESCRIPTION)]
    argv += ["--url", f"https://127.0.0.1:{besieged.port}", "--phases", "coverage,fuzzing"]
    argv += ["--checks", "not_a_server_error,status_code_conformance"]
    argv += ["--tls-verify", str(besieged.authority.certificate)]
    argv += ["--request-cert", str(certificate), "--request-cert-key", str(key)]
    argv += ["--max-examples", str(EXAMPLES), "--generation-deterministic"]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": described_hooks.__name__}
    environment["PYTHONPATH"] = str(DESCRIPTION.parents[1])
    done = subprocess.run(
        argv, cwd=work, env=environment, check=False, capture_output=True, text=True, timeout=300
    )
    assert " passed" in done.stdout
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert resident_kilobytes(pid) - held < MORE_KILOBYTES
    new = everything_below(besieged.directory) - before
    assert all(name.startswith("incoming/") for name in new), new

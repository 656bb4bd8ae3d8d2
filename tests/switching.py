"""A switch as far as its journal goes, for the tests of the fault matrix."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from lab.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

# A switch as far as its journal goes: planned, preflight, armed; then what it does after `armed`.
SWITCH = """
import sys, time
from pathlib import Path
from rekamatan.clock import SystemClock
from rekamatan.models import SwitchState
from rekamatan.wan import disk
from rekamatan.wan.journal import Journal
root = Path(sys.argv[1])
if sys.argv[2] == "no-fsync":
    disk._fsync = lambda path, mode: None
log = Journal(disk.DirectoryDisk(root), SystemClock())
log.secure()
for state in ("planned", "preflight", "armed"):
    log.record(sys.argv[3], SwitchState(state), {})
(root / "acted").write_text("armed")
if sys.argv[2]:
    time.sleep(20)  # as a switch goes on for seconds: it is to be found without fsync
"""


def switch(root: Path, run_id: str = "w1", plant: str = "") -> subprocess.Popen[bytes]:
    """It writes planned, preflight and armed, then a file `acted`. `plant`: "no-fsync"."""
    return subprocess.Popen(
        [sys.executable, "-c", SWITCH, str(root), plant, run_id],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )

"""A wall clock that jumps while a program runs; deadlines on other clocks do not see it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from lab.matrix import clock

if TYPE_CHECKING:
    from pathlib import Path

READ = """
import sys, time
from datetime import UTC, datetime
for _ in sys.stdin:
    time.sleep(0.01)
    boot = time.clock_gettime(time.CLOCK_BOOTTIME)
    print(time.time(), datetime.now(UTC).timestamp(), time.monotonic(), boot, flush=True)
"""


@pytest.mark.skipif(shutil.which("cc") is None, reason="apt install gcc libc6-dev")
def test_only_the_wall_clock_jumps_and_at_once(tmp_path: Path) -> None:
    library = clock.build(tmp_path / "clock.so")
    shift = tmp_path / "shift"
    shift.write_bytes(clock.shift_bytes(0))
    with subprocess.Popen(
        [sys.executable, "-c", READ],
        env={**os.environ, "LD_PRELOAD": str(library), "MATRIX_CLOCK": str(shift)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        guard = threading.Timer(30, process.kill)  # a sleep on a clock that jumps never ends
        guard.start()
        assert process.stdin is not None
        assert process.stdout is not None
        read = []
        for seconds in (0, 86_400, -86_400):
            with shift.open("r+b") as file:
                file.write(clock.shift_bytes(seconds))
            process.stdin.write("now\n")
            process.stdin.flush()
            read.append([float(word) for word in process.stdout.readline().split()])
        process.stdin.close()
        guard.cancel()
    first, ahead, behind = read
    for column in (0, 1):
        assert ahead[column] - first[column] == pytest.approx(86_400, abs=60)
        assert behind[column] - first[column] == pytest.approx(-86_400, abs=60)
    for column in (2, 3):
        assert 0 < ahead[column] - first[column] < 60
        assert 0 < behind[column] - ahead[column] < 60

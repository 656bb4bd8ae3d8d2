"""The pulse of an office: it beats while the matrix lives, and not a moment longer."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.skipif(os.geteuid() != 0, reason="a raw socket needs root")
def test_it_ends_with_the_process_that_listens() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "lab.matrix.pulse", "127.0.0.1", "127.0.0.1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as pulse:
        try:
            assert pulse.stdout is not None
            assert pulse.stdin is not None
            assert float(pulse.stdout.readline()) > 0, "it beats"
            pulse.stdin.close()
            assert pulse.wait(timeout=60) == 0
        finally:
            pulse.kill()

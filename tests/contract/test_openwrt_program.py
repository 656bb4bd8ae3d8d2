"""The twin as a program of its own, as the lab starts it, in a network namespace. Needs root."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lab.twins.engine.ssh_server import write_host_key
from lab.twins.platforms import module_of
from tests.contract.openwrt_case import PASSWORD, SIMS

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("nft") or not shutil.which("ip"),
    reason="needs root, nft and ip",
)
ROOT = Path(__file__).parents[2]
NAMESPACE = f"rk-openwrt-{os.getpid()}"
_ASK = """\
import sys, paramiko
client = paramiko.SSHClient()
client.set_missing_host_key_policy(paramiko.RejectPolicy())
client.load_host_keys(sys.argv[1])
client.connect("127.0.0.1", 2222, "root", sys.argv[2], allow_agent=False, look_for_keys=False)
_, out, err = client.exec_command(sys.argv[3])
sys.stdout.write(out.read().decode() + err.read().decode())
client.close()
"""


@pytest.fixture
def namespace() -> Iterator[str]:
    subprocess.run(["ip", "netns", "add", NAMESPACE], check=True)
    subprocess.run(["ip", "-n", NAMESPACE, "link", "set", "lo", "up"], check=True)
    yield NAMESPACE
    subprocess.run(["ip", "netns", "del", NAMESPACE], check=True)


def started(namespace: str, directory: Path, platform: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", module_of(platform), "--config", str(directory / "twin.json")]
    process = subprocess.Popen(
        ["ip", "netns", "exec", namespace, *command], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert "serving on 127.0.0.1:2222" in process.stdout.readline()
    return process


def ask(namespace: str, directory: Path, line: str) -> str:
    words = [sys.executable, "-c", _ASK, str(directory / "known"), PASSWORD, line]
    command = ["ip", "netns", "exec", namespace, *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


@pytest.mark.parametrize(
    ("platform", "section", "version"),
    [("openwrt", "wwan", "23.05.3"), ("rutos", "mob1s1a1", "RUTX_R_00.07.06.10")],
)
def test_served_and_saved(
    namespace: str, tmp_path: Path, platform: str, section: str, version: str
) -> None:
    """What was committed is there after an orderly end, without a word to `sync`."""
    document = {
        "identity": "kubu",
        "lan_address": "127.0.0.1",
        "lan_prefix": 8,
        "listen_port": 2222,
        "host_key_file": str(tmp_path / "key"),
        "users": {"root": {"password": PASSWORD, "group": "full"}},
        "flash": str(tmp_path),
        "attach_seconds": 0.1,
        "sims": SIMS,
        "initial": {"profile": "indosat", "sim_slot": "1", "apn": "indosatgprs"},
    }
    (tmp_path / "twin.json").write_text(json.dumps(document), encoding="utf-8")
    write_host_key(tmp_path / "key")
    public = subprocess.run(
        ["ssh-keygen", "-y", "-f", str(tmp_path / "key")],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    (tmp_path / "known").write_text(f"[127.0.0.1]:2222 {public}", encoding="utf-8")
    process = started(namespace, tmp_path, platform)
    release = "cat /etc/openwrt_release /etc/version 2>/dev/null"
    assert version in ask(namespace, tmp_path, release)
    ask(namespace, tmp_path, f"uci set network.{section}.apn=kept; uci commit network")
    time.sleep(0.1)
    process.terminate()
    assert process.wait(timeout=20) == 0
    process = started(namespace, tmp_path, platform)
    assert ask(namespace, tmp_path, f"uci get network.{section}.apn") == "kept\n"
    process.terminate()
    assert process.wait(timeout=20) == 0

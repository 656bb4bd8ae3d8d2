"""Root file systems the lab has no part in: what Debian's installer leaves behind.

`important` is the installer's base system; sshd, sudo and Python are what a person adds so that
Ansible can come in. No package of ours is in them, and nothing is switched off or prepared.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from lab.engine import runtime_options
from lab.shell import run

SUITES = ("bookworm", "trixie")
_ADDED = ("openssh-server", "sudo", "python3", "dbus", "ca-certificates")
_CACHE = Path(__file__).parents[2] / "build" / "plain-host"


def ensure(suite: str) -> str:
    """The podman reference of a plain Debian; built once, in about a minute."""
    sources = [
        f"deb http://deb.debian.org/debian {suite} main",
        f"deb http://deb.debian.org/debian-security {suite}-security main",
    ]
    argv = ["mmdebstrap", "--variant=important", f"--include={','.join(_ADDED)}", suite]
    stamp = hashlib.sha256(repr((argv, sources)).encode()).hexdigest()[:12]
    reference = f"localhost/rekamatan-plain-{suite}:{stamp}"
    if run(["podman", "image", "exists", reference], check=False).returncode != 0:
        _CACHE.mkdir(parents=True, exist_ok=True)
        archive = _CACHE / f"{suite}.tar"
        print(f"plain {suite}: building (once; about a minute)", flush=True)  # noqa: T201 - for people
        run([*argv, str(archive), *sources], timeout=1200)
        run(["podman", *runtime_options(), "import", str(archive), reference], timeout=600)
        archive.unlink()
    return reference

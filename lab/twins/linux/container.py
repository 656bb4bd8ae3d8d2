"""The gateway as a machine of its own: a container that boots systemd. Needs root and podman."""

from __future__ import annotations

import json
import os
import shutil
import socket
from pathlib import Path
from typing import Any

from lab import engine, images
from lab.imaging import Root
from lab.shell import run, wait_until
from lab.twins.linux import machine, sysfs

_STARTS_S = 90.0
_PLAIN = ("--ignore-environment", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C")


class Gateway:
    """One machine, from its imaging to its end.

    Args:
        name: of the container.
        folder: shared with the machine; sockets in it, so its path must be short.
        modem: what `modem.json` says; with `cards` it is a modem with SIM slots.
        connections: file name -> text, below `/etc/NetworkManager/system-connections`.
        password: of the one account that may log in.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        modem: dict[str, Any],
        connections: dict[str, str],
        password: str,
    ) -> None:
        self.name = name
        self.folder = folder
        self._slots = "cards" in modem
        self._mounted: Path | None = None
        self._init = ""  # process id, on this host, of the machine's first process
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)  # the account that logs in asks there whether to misbehave
        self.settle(modem)
        sysfs.write_tree(folder / "sys")
        self._create()
        self._image(connections, password)

    def _create(self) -> None:
        tree = self.folder / "sys"
        mounts = [(self.folder, machine.SHARED), (tree, sysfs.MOUNTED_AT)]
        mounts += [(tree / "class" / kind, f"/sys/class/{kind}") for kind in sysfs.CLASSES]
        engine.podman(
            "create",
            f"--name={self.name}",
            "--hostname=gateway",
            "--network=none",
            "--systemd=always",
            "--stop-timeout=5",
            *engine.limit_options(),
            "--cap-add=NET_ADMIN,NET_RAW,MKNOD,AUDIT_WRITE",
            "--device=/dev/net/tun",
            "--security-opt=unmask=ALL",
            *[f"--volume={source}:{target}" for source, target in mounts],
            images.ensure(("linux",))["linux"],
            "/lib/systemd/systemd",
        )

    def _image(self, connections: dict[str, str], password: str) -> None:
        root = Root(self._root())
        files = machine.with_slots(machine.FILES) if self._slots else machine.FILES
        for path, text in files.items():
            root.write(path, text)
        for unit, target in machine.ENABLED.items():
            if f"/etc/systemd/system/{unit}" not in files:
                continue
            link = root.path / "etc/systemd/system" / target / unit
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(f"/etc/systemd/system/{unit}")
        for name, text in connections.items():
            root.write(f"/etc/NetworkManager/system-connections/{name}", text, 0o600)
        root.copy_lab(machine.CODE)
        (root.path / "usr/sbin/policy-rc.d").unlink(missing_ok=True)
        shell = ["--create-home", "--shell", "/bin/bash"]
        run(["useradd", "--root", str(root.path), *shell, machine.ACCOUNT])
        run(["chpasswd", "--root", str(root.path)], stdin=f"{machine.ACCOUNT}:{password}\n")
        self.new_host_key()

    def _root(self) -> Path:
        """Where its file system is on this host, from its creation to its end."""
        if self._mounted is None:  # asked for once: podman takes seconds on a busy host
            self._mounted = Path(engine.podman("mount", self.name))
        return self._mounted

    def settle(self, modem: dict[str, Any]) -> None:
        """What the stick is, from its next start on."""
        (self.folder / "modem.json").write_text(json.dumps(modem), encoding="utf-8")

    def new_host_key(self) -> None:
        """As on a machine that took this one's place; for the next session."""
        key = self._root() / "etc/ssh/ssh_host_ed25519_key"
        key.unlink(missing_ok=True)
        key.with_suffix(".pub").unlink(missing_ok=True)
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "gateway", "-f", str(key)])

    @property
    def host_key(self) -> str:
        """The public host key, as it is pinned."""
        public = (self._root() / "etc/ssh/ssh_host_ed25519_key.pub").read_text(encoding="ascii")
        return " ".join(public.split()[:2])

    def power_on(self) -> None:
        """Boot, and wait until someone can log in."""
        engine.podman("start", self.name)
        self._init = engine.podman("inspect", "--format={{.State.Pid}}", self.name)
        wait_until(f"{self.name} boot", self._answers, _STARTS_S)

    def _answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as tried:
                tried.settimeout(5)
                tried.connect(str(self.folder / "ssh.sock"))
                return tried.recv(4) == b"SSH-"
        except OSError:
            return False

    def power_cut(self) -> None:
        """Power off without a goodbye."""
        engine.podman("kill", "--signal=KILL", self.name, check=False)
        wait_until(f"{self.name} off", lambda: not self.running, 20)
        (self.folder / "ssh.sock").unlink(missing_ok=True)

    @property
    def running(self) -> bool:
        """Whether it has power."""
        told = engine.podman("inspect", "--format={{.State.Status}}", self.name, check=False)
        return told == "running"

    def inside(self, *command: str, stdin: str | None = None, check: bool = True) -> str:
        """Run a command in the machine as root; what it printed."""
        # podman exec takes a second on a busy host, and a look at the machine needs several
        spaces = ("--mount", "--uts", "--ipc", "--net", "--pid")
        argv = ["nsenter", f"--target={self._init}", *spaces, "--", "env", *_PLAIN, *command]
        return run(argv, check=check, stdin=stdin, timeout=120).stdout

    def stick(self, word: str) -> None:
        """Say a word to the modem; see `lab.twins.linux.__main__`."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            told.sendto(word.encode(), str(self.folder / "modem.sock"))

    def seen(self) -> dict[str, Any]:
        """What the carrier's side of the bearer is: `gaps`, `dialled`."""
        found: dict[str, Any] = json.loads((self.folder / "seen.json").read_text(encoding="utf-8"))
        return found

    def remove(self) -> None:
        """Power off and forget."""
        engine.podman("rm", "--force", "--ignore", "--time=0", self.name, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


def possible() -> str:
    """Why no gateway can be booted here; empty when one can."""
    if os.geteuid() != 0:
        return "needs root"
    missing = [tool for tool in ("podman", "mmdebstrap", "ssh-keygen") if not shutil.which(tool)]
    if missing:
        return f"needs {', '.join(missing)}"
    return "" if Path("/dev/net/tun").exists() else "needs /dev/net/tun"

"""Root file systems of the lab's kinds of machine: mmdebstrap, kept by content hash.

No container registry is needed: the packages come from the host's own apt sources, so a district's
mirror or proxy keeps working. An image is rebuilt only when its definition or the sources change.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import platform
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lab.errors import LabError
from lab.paths import CACHE
from lab.shell import output, run

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "rekamatan-lab-"
LABEL = "org.rekamatan.lab"
_BASE = (
    "systemd",
    "systemd-sysv",
    "dbus",
    "iproute2",
    "iputils-ping",
    "nftables",
    "procps",
    "python3",
)
_SERVER = (
    *_BASE,
    "openssh-server",
    "sudo",
    "python3-venv",
    "python3-apt",
    "wireguard-tools",
    "wireguard-go",
    "chrony",
    "unattended-upgrades",
    "ca-certificates",
)
_GATEWAY = (
    *_BASE,
    "openssh-server",
    "sudo",
    "network-manager",
    "modemmanager",
    "python3-dbus",
    "python3-gi",
    "osmo-ggsn",
)
# Each hook runs in the new root. Nothing here is per machine: keys and addresses come at imaging.
_EVERYWHERE = (
    "rm -f /etc/machine-id /var/lib/dbus/machine-id; : > /etc/machine-id",
    "systemctl mask systemd-networkd-wait-online.service systemd-logind.service >/dev/null 2>&1",
    "systemctl mask getty.target console-getty.service >/dev/null 2>&1",
    "systemctl disable nftables.service >/dev/null 2>&1 || true",
    # Only this throw-away image may skip fsync in dpkg: 18 servers share one disk.
    "echo force-unsafe-io > /etc/dpkg/dpkg.cfg.d/lab",
)
_WORKSHOP = (
    "rm -f /etc/ssh/ssh_host_*",
    "systemctl enable systemd-networkd.service ssh.service >/dev/null 2>&1",
    # A container cannot set the clock: chronyd runs with -x and without its capability condition.
    "mkdir -p /etc/systemd/system/chrony.service.d",
    "printf '[Unit]\\nConditionCapability=\\n' > /etc/systemd/system/chrony.service.d/lab.conf",
    "echo 'DAEMON_OPTS=\"-F 1 -x\"' > /etc/default/chrony",
)
# The twin starts its own sshd and packet core; networking is left to NetworkManager.
_GATEWAY_HOOKS = (
    "rm -f /etc/ssh/ssh_host_*",
    "systemctl mask ssh.service ssh.socket osmo-ggsn.service >/dev/null 2>&1",
    "systemctl mask NetworkManager-wait-online.service wpa_supplicant.service >/dev/null 2>&1",
)


@dataclass(frozen=True, slots=True)
class Image:
    """What one kind of machine consists of."""

    name: str
    packages: tuple[str, ...]
    hooks: tuple[str, ...] = ()

    def digest(self, suite: str, sources: str) -> str:
        """Content hash of everything that decides what the image holds."""
        definition = [
            self.name,
            suite,
            sources,
            list(self.packages),
            list(_EVERYWHERE + self.hooks),
        ]
        return hashlib.sha256(json.dumps(definition).encode()).hexdigest()[:12]


IMAGES = {
    image.name: image
    for image in (
        Image("server", _SERVER, _WORKSHOP),
        Image(
            "modem",
            (*_BASE, "python3-asyncssh", "python3-aiohttp", "osmo-ggsn"),
            ("systemctl disable osmo-ggsn.service >/dev/null 2>&1",),
        ),
        Image("carrier", (*_BASE, "osmo-ggsn")),
        Image("datacentre", (*_SERVER, "postgresql", "dnsmasq"), _WORKSHOP),
        Image("linux", _GATEWAY, _GATEWAY_HOOKS),
    )
}
# What a district is raised from; the Linux gateway is asked for by name.
DISTRICT = ("server", "modem", "carrier", "datacentre")


def host_suite() -> str:
    """Codename of the host's release; the images are of the same one."""
    release = platform.freedesktop_os_release()
    codename = release.get("VERSION_CODENAME", "")
    if release.get("ID") not in {"debian", "ubuntu"} or not codename:
        raise LabError(
            "host", "read /etc/os-release", "not Debian or Ubuntu", "use Debian 12 or 13"
        )
    return codename


def host_sources(suite: str, etc_apt: Path = Path("/etc/apt")) -> str:
    """The host's apt sources of its own release, in deb822 or one-line form; others are left out.

    mmdebstrap takes one format per file, so deb822 stanzas win where a host has both.
    """
    stanza_files = sorted((etc_apt / "sources.list.d").glob("*.sources"))
    stanzas = [
        stanza.strip()
        for path in stanza_files
        for stanza in re.split(r"\n\s*\n", path.read_text(encoding="utf-8"))
        if re.search(rf"^Suites:.*\b{suite}\b", stanza, re.MULTILINE)
    ]
    if stanzas:
        return "\n\n".join(stanzas) + "\n"
    files = [etc_apt / "sources.list", *sorted((etc_apt / "sources.list.d").glob("*.list"))]
    lines = [
        line
        for path in files
        if path.exists()
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.match(rf"deb\s+(\[[^]]*\]\s+)?\S+\s+{suite}(-\S+)?[\s/]", line)
    ]
    if not lines:
        raise LabError(
            str(etc_apt), "find apt sources", f"none names {suite}", "add a Debian mirror"
        )
    return "\n".join(lines) + "\n"


def _host_apt_options() -> list[str]:
    """The host's proxy and TLS settings for apt, handed on so that its mirror is reached alike."""
    dump = output(["apt-config", "dump", "--no-empty"])
    kept = [line for line in dump.splitlines() if re.match(r"Acquire::https?::(?!User)", line)]
    return [f"--aptopt={line.rstrip(';')}" for line in kept]


def reference(image: Image, suite: str, sources: str) -> str:
    """Name and tag under which podman keeps it."""
    return f"localhost/{PREFIX}{image.name}:{image.digest(suite, sources)}"


def ensure(names: tuple[str, ...] = DISTRICT) -> dict[str, str]:
    """Build what is missing; the podman reference of each image by name. Seconds when cached."""
    suite = host_suite()
    sources = host_sources(suite)
    wanted = {name: reference(IMAGES[name], suite, sources) for name in names}
    for name, tag in wanted.items():
        if not _exists(tag):
            with _one_builder():
                if not _exists(tag):  # another process may have built it while we waited
                    print(f"image {name}: building (once; about a minute)", flush=True)
                    _build(IMAGES[name], tag, suite, sources)
    return wanted


def _exists(tag: str) -> bool:
    return run(["podman", "image", "exists", tag], check=False).returncode == 0


@contextlib.contextmanager
def _one_builder() -> Iterator[None]:
    """The lab and Molecule may want the same image at the same time: one builds, one waits."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(image: Image, tag: str, suite: str, sources: str) -> None:
    """Mmdebstrap into `podman import`, with downloaded packages shared between the images."""
    sources_file = CACHE / f"{suite}.sources"
    sources_file.write_text(sources, encoding="utf-8")
    archive = CACHE / f"{image.name}.tar"
    argv = _bootstrap_argv(image, suite, archive, sources_file)
    try:
        run(argv, timeout=1200)
        change = ['--change=CMD ["/lib/systemd/systemd"]', f"--change=LABEL {LABEL}=image"]
        run(["podman", "import", *change, str(archive), tag], timeout=600)
    finally:
        archive.unlink(missing_ok=True)
    _forget_older(image, tag)


def _bootstrap_argv(image: Image, suite: str, archive: Path, sources_file: Path) -> list[str]:
    debs = CACHE / "debs"
    debs.mkdir(exist_ok=True)
    return [
        "mmdebstrap",
        "--variant=minbase",
        f"--include={','.join(image.packages)}",
        "--dpkgopt=force-unsafe-io",
        '--aptopt=Acquire::Languages "none"',
        *_host_apt_options(),
        "--skip=essential/unlink,download/empty",
        '--setup-hook=mkdir -p "$1/var/cache/apt/archives"',
        f'--setup-hook=cp -n {debs}/*.deb "$1/var/cache/apt/archives/" 2>/dev/null || true',
        f'--customize-hook=cp -n "$1"/var/cache/apt/archives/*.deb {debs}/ || true',
        *[
            f"--customize-hook=chroot \"$1\" sh -c '{_quoted(h)}'"
            for h in _EVERYWHERE + image.hooks
        ],
        suite,
        str(archive),
        str(sources_file),
    ]


def _quoted(hook: str) -> str:
    """A hook as the inside of a single-quoted shell word."""
    return hook.replace("'", "'\\''")


def _forget_older(image: Image, tag: str) -> None:
    """Remove earlier builds of the same image; one still in use stays."""
    listing = output(["podman", "images", "--format", "{{.Repository}}:{{.Tag}}"])
    for other in listing.splitlines():
        if other.startswith(f"localhost/{PREFIX}{image.name}:") and other != tag:
            subprocess.run(["podman", "rmi", other], capture_output=True, check=False)

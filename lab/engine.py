"""podman as this host can run it: probed once, passed per call, the user's settings untouched."""

from __future__ import annotations

import json
import resource
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from lab.errors import LabError
from lab.images import LABEL, PREFIX
from lab.shell import output, run, wait_until

if TYPE_CHECKING:
    import subprocess

_RLIMIT = 8192  # enough for PostgreSQL and sshd; any process may lower its own limit


@dataclass(frozen=True, slots=True)
class Container:
    """How one node is started; everything else about it is in its image and its imaging."""

    node: str
    image: str
    hostname: str
    mounts: tuple[tuple[Path, str], ...] = ()  # host directory, path inside
    sysctls: tuple[str, ...] = field(default=())
    # systemd's sandboxing (ProtectSystem=, LoadCredential=) mounts; a real server lets it.
    may_mount: bool = False


@cache
def runtime_options() -> tuple[str, ...]:
    """`--runtime` fit for this host's cgroups: crun refuses a hybrid hierarchy, runc takes it."""
    pure = Path("/sys/fs/cgroup/cgroup.controllers").exists()
    for name in ("crun", "runc") if pure else ("runc",):
        found = output(["sh", "-c", f"command -v {name} || true"])
        if found:
            return ("--runtime", found)
    raise LabError("podman", "choose a runtime", "no runc found", "apt-get install runc")


@cache
def limit_options() -> tuple[str, ...]:
    """Explicit rlimits where podman's default ones cannot be set (no CAP_SYS_RESOURCE)."""
    files = min(_RLIMIT, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    return (f"--ulimit=nofile={files}:{files}", f"--ulimit=nproc={_RLIMIT}:{_RLIMIT}")


def podman(*arguments: str, check: bool = True, timeout: float = 120) -> str:
    """Run podman with the probed runtime; what it printed."""
    return run(
        ["podman", *runtime_options(), *arguments], check=check, timeout=timeout
    ).stdout.strip()


def container_name(node: str) -> str:
    """`server-kubu` -> the container's name; the prefix keeps the lab apart from the user's own."""
    return f"{PREFIX}{node}"


def create(spec: Container) -> None:
    """Create, not start: imaging writes into its file system before it boots for the first time."""
    podman(
        "create",
        f"--name={container_name(spec.node)}",
        f"--hostname={spec.hostname}",
        f"--label={LABEL}=node",
        "--network=none",
        "--systemd=always",
        "--stop-timeout=5",
        *limit_options(),
        "--cap-add=NET_ADMIN,NET_RAW,MKNOD,AUDIT_WRITE",
        *(["--cap-add=SYS_ADMIN"] if spec.may_mount else []),
        "--device=/dev/net/tun",
        # A writable /proc/sys, or sgsnemu and wg-quick fail on the sysctls of their TUN devices.
        "--security-opt=unmask=ALL",
        *[f"--sysctl={setting}" for setting in spec.sysctls],
        *[f"--volume={source}:{target}" for source, target in spec.mounts],
        spec.image,
        "/lib/systemd/systemd",
    )


def root_of(node: str) -> Path:
    """The node's root file system on the host, for imaging."""
    return Path(podman("mount", container_name(node)))


def start(node: str) -> None:
    """Power on."""
    podman("start", container_name(node))


def kill(node: str) -> None:
    """Power off without a goodbye."""
    podman("kill", "--signal=KILL", container_name(node), check=False)
    wait_until(f"{node} off", lambda: not is_running(node), 20)


def remove(node: str) -> None:
    """Kill and forget the node; the same when it is not there."""
    podman("rm", "--force", "--ignore", "--time=0", container_name(node), check=False)


def nodes() -> dict[str, bool]:
    """Every node of the lab known to podman, and whether it runs."""
    listing = podman("ps", "--all", f"--filter=label={LABEL}=node", "--format=json")
    rows = json.loads(listing or "[]")
    return {row["Names"][0].removeprefix(PREFIX): row["State"] == "running" for row in rows}


def is_running(node: str) -> bool:
    """True while the node's init lives."""
    return nodes().get(node, False)


def pid(node: str) -> int:
    """Process id of the node's init: the handle on its network namespace."""
    found = podman("inspect", "--format={{.State.Pid}}", container_name(node))
    if not found.isdigit() or found == "0":
        raise LabError(
            node, "find its namespace", "it does not run", f"rekamatan-lab fault power-on {node}"
        )
    return int(found)


def exec_argv(node: str, command: list[str], *, terminal: bool = False) -> list[str]:
    """The argv that runs `command` inside the node."""
    flags = ["--interactive", *(["--tty"] if terminal else [])]
    return ["podman", *runtime_options(), "exec", *flags, container_name(node), *command]


def inside(
    node: str, *command: str, check: bool = True, stdin: str | None = None, timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run a command in the node, as root."""
    argv = exec_argv(node, list(command))
    return run(argv, check=check, stdin=stdin, timeout=timeout)


def wait_booted(node: str, seconds: float = 60) -> str:
    """Wait until systemd has started everything; its word, `running` or `degraded`."""
    word = ""

    def booted() -> bool:
        nonlocal word
        word = inside(node, "systemctl", "is-system-running", check=False).stdout.strip()
        return word in {"running", "degraded"}

    wait_until(f"{node} boot", booted, seconds, every=0.5)
    return word


def wait_for_device(node: str, device: str, seconds: float = 60) -> None:
    """Wait until the node has made a network device of its own."""
    argv = ["nsenter", "--target", str(pid(node)), "--net", "ip", "link", "show", "dev", device]
    wait_until(f"{node} {device}", lambda: run(argv, check=False).returncode == 0, seconds)


def failed_units(node: str) -> list[str]:
    """Names of systemd units that failed in the node."""
    listing = inside(node, "systemctl", "list-units", "--failed", "--output=json", check=False)
    return [str(unit["unit"]) for unit in json.loads(listing.stdout or "[]")]

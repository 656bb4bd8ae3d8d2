"""A release as it travels to a site: which files, their digests, and only what the site lacks.

Content decides: a release is named by the digest of its `SHA256SUMS`, archives are the same
bytes each time, and nothing is sent that the site can show the digest of.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rekamatan.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

# What the local play needs, beside wheels. Folders are taken whole.
RELEASE_PATHS = (
    "playbooks/local.yml",
    "playbooks/local.cfg",
    "plugins/callback",
    "rekamatan/fleet/receiver.py",
    "roles",
    "scripts",
)
# Parts of a role that only the controller uses.
CONTROLLER_ONLY = ("__pycache__", "action_plugins", "site_release", "data_centre", "molecule")
BATCH_BYTES = 512 * 1024  # one session's worth on a poor link: about 10 s at 512 kbit/s
PREFIX = 16  # hex digits of a digest that identify a blob in an answer


@dataclass(frozen=True, slots=True)
class Release:
    """Files of one release by their path inside it."""

    files: Mapping[str, Path]
    digests: Mapping[str, str]  # path -> SHA-256, hex

    @property
    def sums(self) -> bytes:
        """The manifest, in the format `sha256sum --check` reads."""
        lines = [f"{digest}  {path}\n" for path, digest in sorted(self.digests.items())]
        return "".join(lines).encode()

    @property
    def release_id(self) -> str:
        """Twelve hex digits that name exactly this content."""
        return hashlib.sha256(self.sums).hexdigest()[:12]

    def missing(self, has: Collection[str]) -> list[str]:
        """Paths, smallest first, whose content is not among the digests (or prefixes) in `has`."""
        known = {digest[:PREFIX] for digest in has}
        absent: dict[str, str] = {}
        for path, digest in sorted(self.digests.items()):
            if digest[:PREFIX] not in known:
                absent.setdefault(digest, path)
        return sorted(absent.values(), key=lambda path: (self.files[path].stat().st_size, path))


def collect(project: Path, wheelhouse: Path, python: str, machine: str) -> Release:
    """The release for a site with this Python ("3.11") and machine ("x86_64").

    Raises:
        ConfigError: no wheel of rekamatan, or nothing in the wheelhouse fits.
    """
    files = {path.relative_to(project).as_posix(): path for path in _project_files(project)}
    wheels = [w for w in sorted(wheelhouse.glob("*.whl")) if fits(w.name, python, machine)]
    names = {wheel.name.partition("-")[0].lower() for wheel in wheels}
    for package in ("rekamatan", "ansible_core", "pip"):
        if package not in names:
            raise ConfigError(
                str(wheelhouse),
                f"collect wheels for Python {python} on {machine}",
                f"no wheel of {package} fits",
                "run `make wheelhouse`",
            )
    files |= {f"wheelhouse/{wheel.name}": wheel for wheel in wheels}
    digests = {name: _sha256(path) for name, path in files.items()}
    return Release(files=files, digests=digests)


def merge(releases: Sequence[Release]) -> Release:
    """One release that serves several kinds of server, such as Debian 12 and 13."""
    files = {name: path for release in releases for name, path in release.files.items()}
    digests = {name: digest for release in releases for name, digest in release.digests.items()}
    return Release(files=files, digests=digests)


def write_tree(release: Release, directory: Path) -> None:
    """Write the release as a folder; what does not belong to it any more is removed."""
    for found in sorted(directory.rglob("*"), reverse=True):
        name = found.relative_to(directory).as_posix()
        if found.is_file() and name not in release.files:
            found.unlink()
        elif found.is_dir() and not any(found.iterdir()):
            found.rmdir()
    for name, source in release.files.items():
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        target.chmod(0o755 if name.startswith("scripts/") else 0o644)
    (directory / "SHA256SUMS").write_bytes(release.sums)


def _project_files(project: Path) -> Iterator[Path]:
    for entry in RELEASE_PATHS:
        start = project / entry
        for path in [start] if start.is_file() else sorted(start.rglob("*")):
            inside = path.relative_to(project).parts
            if path.is_file() and not set(inside) & set(CONTROLLER_ONLY):
                yield path


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fits(wheel: str, python: str, machine: str) -> bool:
    """Whether a wheel's file name says it runs on this Python and machine.

    Names follow the binary distribution format: name-version[-build]-python-abi-platform.whl.
    A stable-ABI wheel (`cp39-abi3`) runs on that Python and every later one.
    """
    pythons, abi, platforms = wheel.removesuffix(".whl").split("-")[-3:]
    if platforms != "any" and not any(
        tag.startswith(("manylinux", "linux")) and tag.endswith(machine)
        for tag in platforms.split(".")
    ):
        return False
    tags = pythons.split(".")
    minor = int(python.split(".")[1])
    if abi == "abi3":
        return any(tag.startswith("cp3") and int(tag[3:]) <= minor for tag in tags)
    return "py3" in tags or f"cp3{minor}" in tags or f"py3{minor}" in tags


def archive(members: Mapping[str, bytes]) -> bytes:
    """A tar.gz that is the same bytes for the same members: no times, owners or file order."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in sorted(members.items()):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            info.mode = 0o600
            tar.addfile(info, io.BytesIO(content))
    return gzip.compress(plain.getvalue(), compresslevel=9, mtime=0)


def batches(release: Release, paths: list[str], limit: int = BATCH_BYTES) -> Iterator[bytes]:
    """Archives of blobs named by digest, each about `limit` bytes before compression.

    A file above the limit travels alone: what has arrived whole is never sent again.
    """
    batch: dict[str, bytes] = {}
    size = 0
    for path in paths:
        content = release.files[path].read_bytes()
        if batch and size + len(content) > limit:
            yield archive(batch)
            batch, size = {}, 0
        batch[release.digests[path]] = content
        size += len(content)
    if batch:
        yield archive(batch)


def final_batch(
    release: Release, blobs: list[str], variables: Mapping[str, Any], order: Mapping[str, Any]
) -> bytes:
    """The last delivery: remaining blobs, manifest, this site's variables, the order to start."""
    members = {release.digests[path]: release.files[path].read_bytes() for path in blobs}
    members["SHA256SUMS"] = release.sums
    members["site-vars.json"] = json.dumps(variables, sort_keys=True).encode()
    members["start.json"] = json.dumps(order, sort_keys=True).encode()
    return archive(members)


def role_variables(
    variables: Mapping[str, Any], prefixes: Collection[str], resolve: Callable[[Any], Any]
) -> dict[str, Any]:
    """Only what the roles of a site read: names that begin with one of the prefixes, resolved."""
    return {
        name: plain(resolve(value))
        for name, value in sorted(variables.items())
        if name.startswith(tuple(prefixes))
    }


def plain(value: Any) -> Any:  # noqa: ANN401 - inventory data of any shape
    """Data without its carrier's own types: a lazily resolved mapping becomes values here."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, str) else value

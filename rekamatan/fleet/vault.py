"""Vault files through Ansible's own tool: one process for many files, no secret in an argument."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from rekamatan.errors import ConfigError, RefusedError, RekamatanError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

STAGING_PREFIX = ".secrets-"


class SecretDumper(yaml.SafeDumper):
    """Keys and certificates as readable blocks instead of one long quoted line."""


def _block_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


SecretDumper.add_representer(str, _block_text)


def to_yaml(values: Mapping[str, object], heading: str) -> str:
    """`values` as a variables file that begins with a comment saying where it comes from."""
    body = yaml.dump(dict(values), Dumper=SecretDumper, sort_keys=True, allow_unicode=True)
    return f"---\n# {heading}\n{body}"


class Staging:
    """A private directory beside the vault files, where plain text exists only for a moment.

    On the same filesystem, so an encrypted file is renamed into place whole or not at all.
    """

    def __init__(self, directory: Path, password_file: Path) -> None:
        self.directory = directory
        self._password_file = password_file.resolve()

    def decrypt(self, files: Sequence[Path]) -> dict[Path, dict[str, object]]:
        """The content of existing vault files; the originals stay as they are."""
        copies = {file: self._copy(file, number) for number, file in enumerate(files)}
        if copies:
            self._vault("decrypt", list(copies.values()))
        return {file: self._load(file, copy) for file, copy in copies.items()}

    def write(self, contents: Mapping[Path, str]) -> None:
        """Encrypt each text and rename it to its path, durable before this returns."""
        staged = {}
        for number, (path, text) in enumerate(contents.items()):
            staged[path] = self.directory / f"new-{number}.yml"
            _write_private(staged[path], text)
        if not staged:
            return
        self._vault("encrypt", list(staged.values()))
        for path, source in staged.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            _sync(source)
            source.replace(path)
            _sync(path.parent)

    def _copy(self, file: Path, number: int) -> Path:
        copy = self.directory / f"old-{number}.yml"
        _write_private(copy, file.read_text(encoding="utf-8"))
        return copy

    @staticmethod
    def _load(file: Path, copy: Path) -> dict[str, object]:
        content = yaml.safe_load(copy.read_text(encoding="utf-8")) or {}
        if not isinstance(content, dict):
            hint = "correct it with: ansible-vault edit"
            raise ConfigError(str(file), "file", "not a mapping of variables", hint)
        return content

    def _vault(self, action: str, files: Sequence[Path]) -> None:
        arguments = ["--vault-password-file", str(self._password_file)]
        done = subprocess.run(
            [_ansible_vault(), action, *arguments, *map(str, files)],
            cwd=self.directory,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            return
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[0]
        hint = "run ansible-vault by hand on one of the files to see more"
        if "Decryption failed" in done.stderr:
            reason = "this password does not open the vault files that are there"
            hint = "name the password file they were made with"
        raise RekamatanError(str(self._password_file), f"ansible-vault {action}", reason, hint)

    def _environment(self) -> dict[str, str]:
        """Without the caller's own vault settings: exactly one password counts here."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("ANSIBLE_")}
        empty = self.directory / "ansible.cfg"
        empty.touch(mode=0o600)
        return kept | {"ANSIBLE_CONFIG": str(empty), "ANSIBLE_HOME": str(self.directory)}


@contextlib.contextmanager
def staging(root: Path, password_file: Path) -> Iterator[Staging]:
    """A `Staging` inside `root`, for one process at a time; whatever happens, it is removed."""
    if not password_file.is_file() or not os.access(password_file, os.R_OK):
        hint = "write the vault password into a file only you can read: chmod 600"
        raise ConfigError(str(password_file), "--vault-password-file", "not readable", hint)
    handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _lock(handle, root)
        for left_over in root.glob(f"{STAGING_PREFIX}*"):  # of a run that was killed
            shutil.rmtree(left_over)
        directory = Path(tempfile.mkdtemp(prefix=STAGING_PREFIX, dir=root))  # mode 0700
        try:
            yield Staging(directory, password_file)
        finally:
            shutil.rmtree(directory, ignore_errors=True)
    finally:
        os.close(handle)


def _lock(handle: int, root: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        reason = "another `rekamatan secrets` is at work here"
        raise RefusedError(str(root), "make secrets", reason, "wait for it to end") from None


def _ansible_vault() -> str:
    """The tool beside this Python, else the one on PATH."""
    beside = Path(sys.executable).parent / "ansible-vault"
    found = str(beside) if beside.exists() else shutil.which("ansible-vault")
    if not found:
        hint = "install the controller: pip install 'rekamatan[controller]'"
        raise RekamatanError("ansible-vault", "run", "not installed", hint)
    return found


def _write_private(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""OpenSSH signatures: made and checked by `ssh-keygen -Y`, so that any key people have will do.

Also hardware keys and keys in an agent. Needs OpenSSH 8.2 (`-Y check-novalidate`); an older one
ends with its usage and exit 1, a signature that is not sound with exit 255 (tried with 9.2).
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rekamatan.errors import RefusedError, RekamatanError

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMESPACE = "change-order@rekamatan"  # a signature made for another purpose is none here
KEYGEN = "ssh-keygen"
LONGEST_S = 30.0
_NOT_VERIFIED = 255


class OpensshSignatures:
    """The `Signatures` port, with the machine's own ssh-keygen."""

    def intact(self, body: bytes, signature: str) -> bool:
        """True when `signature` is a sound one over `body`, whoever made it.

        Raises:
            RefusedError: this machine's ssh-keygen cannot tell.
        """
        with tempfile.TemporaryDirectory(prefix="order-") as folder:
            file = Path(folder) / "signature"
            file.write_text(signature, encoding="ascii", errors="replace")
            return _run(["check-novalidate", "-n", NAMESPACE, "-s", str(file)], body)

    def made_by(self, issuer: str, signers: Sequence[str], body: bytes, signature: str) -> bool:
        """True when the key that signed is listed for `issuer` in `signers` (allowed_signers).

        Raises:
            RefusedError: this machine's ssh-keygen cannot tell.
        """
        with tempfile.TemporaryDirectory(prefix="order-") as folder:
            file, allowed = Path(folder) / "signature", Path(folder) / "allowed_signers"
            file.write_text(signature, encoding="ascii", errors="replace")
            allowed.write_text("".join(f"{line}\n" for line in signers), encoding="utf-8")
            argv = ["verify", "-f", str(allowed), "-I", issuer, "-n", NAMESPACE, "-s", str(file)]
            return _run(argv, body)


def sign(body: bytes, key: Path) -> str:
    """The armoured signature over `body`; ssh-keygen itself asks for a passphrase or a touch.

    Raises:
        RekamatanError: the key cannot be used.
    """
    argv = [KEYGEN, "-Y", "sign", "-f", str(key), "-n", NAMESPACE]
    done = subprocess.run(argv, input=body, capture_output=True, check=False)
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().splitlines() or ["it failed"]
        hint = "name a private key, or a public one whose private half is in the agent"
        raise RekamatanError(str(key), "sign the order", reason[-1], hint)
    return done.stdout.decode("ascii")


def _run(arguments: list[str], body: bytes) -> bool:
    try:
        done = subprocess.run(
            [KEYGEN, "-Y", *arguments],
            input=body,
            capture_output=True,
            check=False,
            timeout=LONGEST_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _cannot_check(str(error)) from error
    if done.returncode not in {0, _NOT_VERIFIED}:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["it told nothing"]
        raise _cannot_check(said[0])
    return done.returncode == 0


def _cannot_check(reason: str) -> RefusedError:
    """An order that cannot be checked is neither good nor altered."""
    hint = "install openssh-client 8.2 or later; nothing was changed"
    return RefusedError(KEYGEN, "check the order's signature", reason, hint)

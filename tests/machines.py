"""Containers that stand for machines outside the lab, and the identity of a small test district."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lab.engine import podman
from lab.shell import wait_until
from tests.records.authority import Authority

if TYPE_CHECKING:
    from pathlib import Path

# SYS_ADMIN: without it systemd quietly leaves out the sandboxing of the services.
CREATE = (
    "--systemd=always",
    "--stop-timeout=5",
    "--ulimit=nofile=8192:8192",
    "--ulimit=nproc=8192:8192",
    "--cap-add=NET_ADMIN,NET_RAW,AUDIT_WRITE,SYS_ADMIN",
    "--security-opt=unmask=ALL",
)
INGEST = "ingest.molecule.example"


def start(container: str) -> None:
    """Power on."""
    podman("start", container)
    # A container's mounts are private, and systemd hands credentials over by a shared one.
    podman("exec", container, "mount", "--make-rshared", "/")


def remove(container: str) -> None:
    """Kill and forget; the same when it is not there."""
    podman("rm", "--force", "--ignore", "--time=0", container)


def wait_booted(container: str, seconds: float) -> None:
    """Wait until systemd has started everything."""

    def booted() -> bool:
        word = podman("exec", container, "systemctl", "is-system-running", check=False)
        return word in {"running", "degraded"}

    wait_until(f"{container} boot", booted, seconds, every=0.5)


def make_identity(
    directory: Path, centre_address: str, server: str, server_address: str
) -> dict[str, str]:
    """A CA, its certificates and a receipt key, as the inventory variables of a district.

    `directory` also gets what a workstation and a test need: `tls/` and `receipt.pub`.
    """
    authority = Authority(directory / "tls")
    ingest = authority.issue("pusat", host=INGEST, address=centre_address)
    intake = authority.issue("intake", host=server, address=server_address)
    forwarder = authority.issue(server)
    authority.issue(f"ws1.{server}")
    signing_key = Ed25519PrivateKey.generate()
    public_key = _base64(signing_key.public_key().public_bytes_raw())
    (directory / "receipt.pub").write_text(public_key)
    return {
        "district_ca_certificate": authority.certificate.read_text(),
        "data_centre_address": centre_address,
        "data_centre_ingest_tls_certificate": ingest[0].read_text(),
        "data_centre_receipt_public_key": public_key,
        "vault_ingest_tls_key": ingest[1].read_text(),
        "vault_receipt_signing_key": _base64(signing_key.private_bytes_raw()),
        "site_intake_tls_certificate": intake[0].read_text(),
        "site_forwarder_tls_certificate": forwarder[0].read_text(),
        "vault_intake_tls_key": intake[1].read_text(),
        "vault_forwarder_tls_key": forwarder[1].read_text(),
    }


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()

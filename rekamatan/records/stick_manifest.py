"""What a stick carries, signed with the key by which the site shows who it is on the link too.

The data centre thus believes a stick exactly as it believes an upload: the certificate must be the
district CA's and name the site. Canonical form as for receipts: JSON with sorted keys, no spaces,
ASCII, without `signature`; signed is that form behind a fixed first line, so that no signature
made for TLS can ever pass for one of a manifest, nor the other way round.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from rekamatan.errors import ConfigError
from rekamatan.plain import Place, from_plain, to_plain
from rekamatan.records.archive import SECONDS_FORMAT
from rekamatan.records.names import is_canary, is_owner, is_record_id, is_sha256
from rekamatan.records.stick import Parcel, StickError, stick_errors

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = 1
_PURPOSE = b"rekamatan stick manifest 1\n"
_HASH = ec.ECDSA(hashes.SHA256())


@dataclass(frozen=True, slots=True)
class CarriedRecord:
    """One record on the stick."""

    id: str
    sha256: str
    size: int
    owner: str  # the workstation that recorded it
    captured_at: str  # ISO 8601 UTC, whole seconds

    @property
    def sound(self) -> bool:
        """True when every field may stand in a path and in a ledger."""
        named = is_record_id(self.id) and is_sha256(self.sha256) and is_owner(self.owner)
        return named and self.size > 0 and not is_canary(self.id)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a site put on the stick, whole and read back."""

    format: int
    site: str
    made_at: str  # ISO 8601 UTC, a label
    waiting: int  # records without a receipt at the site then; more than `records`: a part of them
    records: tuple[CarriedRecord, ...]
    certificate: str  # PEM, CN = site


class SiteIdentity:
    """A site's certificate and key, as the forwarder shows them."""

    def __init__(self, tls_dir: Path) -> None:
        """Read `forwarder.crt`, `forwarder.key` and `ca.crt`.

        Raises:
            ConfigError: one is missing or is not what it should be.
        """
        try:
            self.certificate = (tls_dir / "forwarder.crt").read_text(encoding="ascii")
            key = serialization.load_pem_private_key((tls_dir / "forwarder.key").read_bytes(), None)
            self.ca = x509.load_pem_x509_certificate((tls_dir / "ca.crt").read_bytes())
            self.site = _common_name(x509.load_pem_x509_certificate(self.certificate.encode()))
        except (OSError, ValueError) as error:
            hint = "run it as root; for a dead server's disk name the disk: --disk"
            raise ConfigError(str(tls_dir), "load the site's key", str(error), hint) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ConfigError(str(tls_dir / "forwarder.key"), "load", "not an elliptic-curve key")
        self._key = key

    def sign(self, manifest: Manifest) -> bytes:
        """The manifest as its file holds it."""
        members = to_plain(manifest)
        signature = self._key.sign(_PURPOSE + _canonical(members), _HASH)
        return _canonical({**members, "signature": base64.b64encode(signature).decode("ascii")})


def load_authority(path: Path) -> x509.Certificate:
    """The district CA's certificate.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError(
            str(path), "load the district CA", str(error), "apply the role"
        ) from error


def read_manifest(parcel: Parcel, ca: x509.Certificate) -> Manifest:
    """The manifest, believed: signed by the site whose folder it lies in.

    Raises:
        StickError: `nothing_here` without a manifest; `forged` when it, its certificate or its
            signature is not the site's.
    """
    with stick_errors(parcel.stick, "read the manifest"):
        if not parcel.manifest.exists():
            reason = f"no manifest of {parcel.site}"
            hint = "make it at the site: rekamatan records export DIR"
            raise StickError("nothing_here", parcel.stick, "read the manifest", reason, hint)
        content = parcel.manifest.read_bytes()
    try:
        members = json.loads(content)
        signature = base64.b64decode(members.pop("signature"), validate=True)
        manifest = from_plain(Manifest, members, Place(str(parcel.manifest)))
        _check(manifest, members, signature, ca)
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        ConfigError,
        InvalidSignature,
    ) as error:
        reason = str(error) or "the signature is not the site's"
        raise _forged(parcel, reason) from error
    if manifest.site != parcel.site:
        raise _forged(parcel, f"it is of {manifest.site}")
    return manifest


def now_text() -> str:
    """This second, as ledgers write it."""
    return datetime.now(UTC).strftime(SECONDS_FORMAT)


def _check(
    manifest: Manifest, members: dict[str, Any], signature: bytes, ca: x509.Certificate
) -> None:
    """Format, then who may speak for the site, then the signature over exactly these members."""
    if manifest.format != FORMAT:
        raise ValueError(f"format {manifest.format}, expected {FORMAT}")
    certificate = x509.load_pem_x509_certificate(manifest.certificate.encode())
    certificate.verify_directly_issued_by(ca)
    now = datetime.now(UTC)
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise ValueError("the site's certificate is not valid now; check this machine's clock")
    if _common_name(certificate) != manifest.site or "." in manifest.site:
        raise ValueError(f"the certificate is not that of site {manifest.site}")
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise ValueError("the certificate's key is not an elliptic-curve key")  # noqa: TRY004 - forged, not a type slip
    key.verify(signature, _PURPOSE + _canonical(members), _HASH)


def _common_name(certificate: x509.Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    name = str(names[0].value) if names else ""
    if not is_owner(name):
        raise ValueError("the certificate names no site")
    return name


def _forged(parcel: Parcel, reason: str) -> StickError:
    hint = "nothing was taken from it; keep the stick and ask the site to export again"
    return StickError("forged", parcel.stick, f"check the manifest of {parcel.site}", reason, hint)


def _canonical(members: dict[str, Any]) -> bytes:
    return json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()

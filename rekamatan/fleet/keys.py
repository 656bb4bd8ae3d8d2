"""Key material of a district: keys, certificates, passwords. Pure: nothing here touches a disk."""

from __future__ import annotations

import base64
import ipaddress
import secrets
import string
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# What a technician can read aloud and type: no 0/O, 1/l/I. 20 of them are 116 bits.
PASSWORD_ALPHABET = "".join(sorted(set(string.ascii_letters + string.digits) - set("0O1lI")))
PASSWORD_LENGTH = 20
CA_YEARS = 20
# Long on purpose: certificates that all expire in one week stop every office at once, and a site
# that was off for a year must still report. Access is taken away at the data centre, by name.
LEAF_YEARS = 10
BACKDATE = timedelta(days=1)  # a controller whose clock runs ahead must not lock its sites out


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a certificate says about its holder."""

    common_name: str
    server: bool  # else client
    names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


def password() -> str:
    """A password for a device."""
    return "".join(secrets.choice(PASSWORD_ALPHABET) for _ in range(PASSWORD_LENGTH))


def wireguard_key() -> str:
    """A WireGuard private key, as `wg genkey` prints it."""
    return _base64(X25519PrivateKey.generate().private_bytes_raw())


def wireguard_public(private: str) -> str:
    """What `wg pubkey` makes of it."""
    key = X25519PrivateKey.from_private_bytes(base64.b64decode(private))
    return _base64(key.public_key().public_bytes_raw())


def signing_key() -> str:
    """An Ed25519 private key: base64 of the 32 raw bytes."""
    return _base64(Ed25519PrivateKey.generate().private_bytes_raw())


def signing_public(private: str) -> str:
    """Its public half: base64 of the 32 raw bytes."""
    key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(private))
    return _base64(key.public_key().public_bytes_raw())


def ssh_host_key() -> str:
    """An Ed25519 host key in OpenSSH's own format."""
    return (
        Ed25519PrivateKey.generate()
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.OpenSSH,
            serialization.NoEncryption(),
        )
        .decode("ascii")
    )


def ssh_public(private: str) -> str:
    """Its public half as known_hosts has it: "ssh-ed25519 AAAA..."."""
    key = serialization.load_ssh_private_key(private.encode("ascii"), password=None)
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
        .decode("ascii")
    )


def tls_key() -> str:
    """An ECDSA P-256 key, PEM: small handshakes on slow links, known to every TLS library."""
    return (
        ec.generate_private_key(ec.SECP256R1())
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode("ascii")
    )


def authority_certificate(key_pem: str, name: str) -> str:
    """The self-signed certificate of the district CA, PEM."""
    key = _load(key_pem)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        _builder(subject, subject, key.public_key(), CA_YEARS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
    )
    return _sign(builder, key)


def certificate(key_pem: str, purpose: Purpose, ca_key_pem: str, ca_pem: str) -> str:
    """A certificate for `key_pem`, signed by the district CA, PEM."""
    authority = x509.load_pem_x509_certificate(ca_pem.encode("ascii"))
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, purpose.common_name)])
    usage = ExtendedKeyUsageOID.SERVER_AUTH if purpose.server else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = (
        _builder(subject, authority.subject, _load(key_pem).public_key(), LEAF_YEARS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(_alternative_names(purpose), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(_load(ca_key_pem).public_key()),
            critical=False,
        )
    )
    return _sign(builder, _load(ca_key_pem))


def belongs(certificate_pem: str, key_pem: str) -> bool:
    """True when the certificate was made for this key."""
    found = x509.load_pem_x509_certificate(certificate_pem.encode("ascii"))
    return bool(found.public_key() == _load(key_pem).public_key())


def fits(certificate_pem: str, key_pem: str, purpose: Purpose, ca_pem: str) -> bool:
    """True while a certificate still says what it should, so that it need not be made again."""
    found = x509.load_pem_x509_certificate(certificate_pem.encode("ascii"))
    try:
        found.verify_directly_issued_by(x509.load_pem_x509_certificate(ca_pem.encode("ascii")))
    except (InvalidSignature, ValueError):
        return False
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    subject = found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    same = (subject, names) == (purpose.common_name, _alternative_names(purpose))
    return same and belongs(certificate_pem, key_pem)


def _alternative_names(purpose: Purpose) -> x509.SubjectAlternativeName:
    names: list[x509.GeneralName] = [
        x509.DNSName(name) for name in purpose.names or (purpose.common_name,)
    ]
    names += [x509.IPAddress(ipaddress.ip_address(address)) for address in purpose.addresses]
    return x509.SubjectAlternativeName(names)


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, years: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATE)
        .not_valid_after(now + timedelta(days=365 * years))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _load(pem: str) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(pem.encode("ascii"), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("district TLS keys are ECDSA")
    return key


def _sign(builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey) -> str:
    signed = builder.sign(key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM).decode("ascii")


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")

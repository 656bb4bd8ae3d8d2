"""Secrets are made once, fit their public halves, and are never seen in clear."""

from __future__ import annotations

import base64
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from rekamatan.errors import ConfigError, RefusedError, RekamatanError
from rekamatan.fleet import keys
from rekamatan.fleet.inventory_check import check_inventory, hosts_without_secrets
from rekamatan.fleet.secrets import issue_workstation, make_secrets
from rekamatan.fleet.vault import STAGING_PREFIX, staging

REAL = Path(__file__).parents[3] / "inventory" / "rokan_hilir"
SITES = ("kubu", "sinaboi")


@pytest.fixture
def district(tmp_path: Path) -> tuple[Path, Path]:
    root = Path(shutil.copytree(REAL, tmp_path / "inventory"))
    password = tmp_path / "password"
    password.write_text("correct horse battery staple\n")
    return root, password


def decrypted(path: Path, password: Path) -> dict[str, Any]:
    tool = Path(sys.executable).parent / "ansible-vault"
    arguments = [tool, "view", "--vault-password-file", password, path]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    return dict(yaml.safe_load(done.stdout))


def public(root: Path, host: str) -> dict[str, Any]:
    return dict(yaml.safe_load((root / "host_vars" / host / "public.yml").read_text()))


def test_makes_a_district_that_passes_its_own_check(district: tuple[Path, Path]) -> None:
    root, password = district
    make_secrets(root, password)
    inventory, problems = check_inventory(root)
    assert problems == []
    assert hosts_without_secrets(inventory) == []
    aliases = [line.split()[0] for line in (root / "known_hosts").read_text().splitlines()
               if not line.startswith("#")]  # fmt: skip
    assert sorted(aliases) == sorted(inventory.host_names)


def test_public_halves_belong_to_the_secrets(district: tuple[Path, Path]) -> None:
    root, password = district
    make_secrets(root, password, SITES)
    vault, shown = decrypted(root / "host_vars/kubu/vault.yml", password), public(root, "kubu")
    assert keys.wireguard_public(vault["vault_vpn_private_key"]) == shown["site_vpn_public_key"]
    assert keys.ssh_public(vault["vault_modem_host_private_key"]) == shown["site_modem_host_key"]
    for name in ("intake", "forwarder"):
        assert keys.belongs(shown[f"site_{name}_tls_certificate"], vault[f"vault_{name}_tls_key"])
    everyone = yaml.safe_load((root / "group_vars/all/public.yml").read_text())
    centre = decrypted(root / "host_vars/pusat/vault.yml", password)
    receipts = keys.signing_public(centre["vault_receipt_signing_key"])
    assert everyone["data_centre_receipt_public_key"] == receipts
    assert len(base64.b64decode(receipts)) == 32
    assert not (root / "host_vars/bangko/vault.yml").exists()


def test_wireguard_and_openssh_agree_with_us(tmp_path: Path) -> None:
    if not shutil.which("wg") or not shutil.which("ssh-keygen"):
        pytest.skip("wg and ssh-keygen are not installed")
    private = keys.wireguard_key()
    told = subprocess.run(
        ["wg", "pubkey"], input=private, capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == keys.wireguard_public(private)
    path = tmp_path / "key"
    path.touch(mode=0o600)
    path.write_text(keys.ssh_host_key())
    told = subprocess.run(
        ["ssh-keygen", "-y", "-f", path], capture_output=True, text=True, check=True
    )
    assert told.stdout.split()[:2] == keys.ssh_public(path.read_text()).split()


def test_certificates_say_who_and_for_what(district: tuple[Path, Path]) -> None:
    root, password = district
    make_secrets(root, password, SITES)
    everyone = yaml.safe_load((root / "group_vars/all/public.yml").read_text())
    authority = x509.load_pem_x509_certificate(everyone["district_ca_certificate"].encode())
    shown = public(root, "kubu")
    for name, usage in (
        ("site_intake_tls_certificate", ExtendedKeyUsageOID.SERVER_AUTH),
        ("site_forwarder_tls_certificate", ExtendedKeyUsageOID.CLIENT_AUTH),
    ):
        found = x509.load_pem_x509_certificate(shown[name].encode())
        found.verify_directly_issued_by(authority)
        assert found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "kubu"
        uses = found.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert list(uses) == [usage]
    intake = x509.load_pem_x509_certificate(shown["site_intake_tls_certificate"].encode())
    names = intake.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(a) for a in names.get_values_for_type(x509.IPAddress)] == ["192.168.101.10"]
    ingest = public(root, "pusat")["data_centre_ingest_tls_certificate"]
    names = x509.load_pem_x509_certificate(ingest.encode()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    ).value  # fmt: skip
    assert "ingest.rokan-hilir.example" in names.get_values_for_type(x509.DNSName)


def test_a_second_run_changes_nothing(district: tuple[Path, Path]) -> None:
    root, password = district
    make_secrets(root, password, SITES)
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    assert make_secrets(root, password, SITES).files == {}
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


def test_adds_a_missing_secret_and_keeps_the_others(district: tuple[Path, Path]) -> None:
    root, password = district
    make_secrets(root, password, ("kubu",))
    path = root / "host_vars/kubu/vault.yml"
    vault = decrypted(path, password)
    with staging(root, password) as area:
        kept = {key: value for key, value in vault.items() if key != "vault_modem_read_password"}
        area.write({path: yaml.safe_dump(kept | {"vault_apn_passwords": {"telkomsel": "pw"}})})
    made = make_secrets(root, password, ("kubu",))
    assert made.files == {"host_vars/kubu/vault.yml": ["vault_modem_read_password"]}
    again = decrypted(path, password)
    assert again["vault_apn_passwords"] == {"telkomsel": "pw"}
    assert again["vault_modem_password"] == vault["vault_modem_password"]


def test_lost_public_halves_are_derived_again_from_the_same_keys(
    district: tuple[Path, Path],
) -> None:
    root, password = district
    make_secrets(root, password, ("kubu",))
    before = public(root, "kubu")
    (root / "host_vars/kubu/public.yml").unlink()
    make_secrets(root, password, ("kubu",))
    after = public(root, "kubu")
    for key in ("site_vpn_public_key", "site_server_host_key", "site_modem_host_key"):
        assert after[key] == before[key]


def test_a_pinned_host_key_is_never_replaced(district: tuple[Path, Path]) -> None:
    root, password = district
    known = root / "known_hosts"
    known.write_text(known.read_text() + "kubu ssh-ed25519 AAAAreplacedbyhand\n")
    make_secrets(root, password, ("kubu",))
    lines = [line for line in known.read_text().splitlines() if line.startswith("kubu ")]
    assert lines == ["kubu ssh-ed25519 AAAAreplacedbyhand"]


def test_a_moved_lan_gets_a_new_certificate_for_the_same_key(district: tuple[Path, Path]) -> None:
    root, password = district
    make_secrets(root, password, ("kubu",))
    before = public(root, "kubu")
    path = root / "host_vars/kubu/site.yml"
    path.write_text(path.read_text().replace("192.168.101.0/24", "192.168.201.0/24"))
    made = make_secrets(root, password, ("kubu",))
    assert made.files == {"host_vars/kubu/public.yml": ["site_intake_tls_certificate"]}
    vault = decrypted(root / "host_vars/kubu/vault.yml", password)
    after = public(root, "kubu")["site_intake_tls_certificate"]
    assert after != before["site_intake_tls_certificate"]
    assert keys.belongs(after, vault["vault_intake_tls_key"])


def test_nothing_in_clear_is_left_and_files_are_private(district: tuple[Path, Path]) -> None:
    root, password = district
    make_secrets(root, password, SITES)
    vault = decrypted(root / "host_vars/kubu/vault.yml", password)
    texts = "".join(path.read_text() for path in root.rglob("*") if path.is_file())
    assert vault["vault_modem_password"] not in texts
    assert "PRIVATE KEY" not in texts
    assert list(root.glob(f"{STAGING_PREFIX}*")) == []
    for path in root.rglob("vault.yml"):
        assert path.stat().st_mode & 0o077 == 0


def test_no_secret_is_an_argument(
    district: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, password = district
    seen: list[str] = []
    run = subprocess.run

    def spy(arguments: list[str], **options: Any) -> Any:  # noqa: ANN401 - as subprocess.run
        seen.extend(map(str, arguments))
        return run(arguments, **options)

    monkeypatch.setattr("rekamatan.fleet.vault.subprocess.run", spy)
    make_secrets(root, password, SITES)
    assert seen.count("encrypt") == 1  # one process for all files
    monkeypatch.undo()
    for path in root.rglob("vault.yml"):
        for secret in decrypted(path, password).values():
            assert not any(str(secret) in argument for argument in seen)


def test_a_wrong_password_changes_nothing(district: tuple[Path, Path], tmp_path: Path) -> None:
    root, password = district
    make_secrets(root, password, ("kubu",))
    wrong = tmp_path / "wrong"
    wrong.write_text("guess\n")
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    with pytest.raises(RekamatanError, match="does not open"):
        make_secrets(root, wrong)
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


def test_what_a_killed_run_left_is_removed(district: tuple[Path, Path]) -> None:
    root, password = district
    left = root / f"{STAGING_PREFIX}dead"
    left.mkdir()
    (left / "new-0.yml").write_text("vault_modem_password: hunter2\n")
    make_secrets(root, password, ("kubu",))
    assert not left.exists()


def test_two_at_once_are_refused(district: tuple[Path, Path]) -> None:
    root, password = district
    with staging(root, password), pytest.raises(RefusedError, match="another"):
        make_secrets(root, password)


def test_a_vault_file_in_clear_is_named(district: tuple[Path, Path]) -> None:
    root, password = district
    (root / "host_vars/kubu/vault.yml").write_text("vault_modem_password: x\n")
    with pytest.raises(ConfigError, match="in clear"):
        make_secrets(root, password)


def test_unknown_site_and_missing_password_file(district: tuple[Path, Path]) -> None:
    root, password = district
    with pytest.raises(ConfigError, match="no site 'kubuu'"):
        make_secrets(root, password, ("kubuu",))
    with pytest.raises(ConfigError, match="not readable"):
        make_secrets(root, password.with_name("nowhere"))


def test_a_workstation_gets_its_own_certificate(
    district: tuple[Path, Path], tmp_path: Path
) -> None:
    root, password = district
    out = tmp_path / "stick"
    with pytest.raises(ConfigError, match="no CA yet"):
        issue_workstation(root, password, "kubu", "ws1", out)
    make_secrets(root, password, ("kubu",))
    key_file, certificate_file, ca_file = issue_workstation(root, password, "kubu", "ws1", out)
    assert key_file.name == "ws1.kubu.key"
    assert key_file.stat().st_mode & 0o077 == 0
    found = x509.load_pem_x509_certificate(certificate_file.read_bytes())
    found.verify_directly_issued_by(x509.load_pem_x509_certificate(ca_file.read_bytes()))
    assert found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "ws1.kubu"
    assert found.public_key() == load_pem_private_key(key_file.read_bytes(), None).public_key()
    with pytest.raises(RefusedError, match="already"):
        issue_workstation(root, password, "kubu", "ws1", out)
    with pytest.raises(ConfigError, match="not usable"):
        issue_workstation(root, password, "kubu", "ws1.bangko", out)

"""Makes every secret a district is missing, and its public half; never replaces one that exists."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml

from rekamatan.errors import ConfigError, RefusedError
from rekamatan.fleet import keys
from rekamatan.fleet.inventory import VAULT, Host, Inventory, read_inventory
from rekamatan.fleet.vault import Staging, staging, to_yaml
from rekamatan.records.durable import write_durably

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

Values = dict[str, object]

SERVER_HOST_NUMBER = 10  # the recording server is .10 of its LAN
CA_SECRETS: Mapping[str, Callable[[], object]] = {"vault_district_ca_key": keys.tls_key}
DATA_CENTRE_SECRETS: Mapping[str, Callable[[], object]] = {
    "vault_vpn_private_key": keys.wireguard_key,
    "vault_ingest_tls_key": keys.tls_key,
    "vault_receipt_signing_key": keys.signing_key,
    "vault_server_host_private_key": keys.ssh_host_key,
}
SITE_SECRETS: Mapping[str, Callable[[], object]] = {
    "vault_modem_password": keys.password,
    "vault_modem_read_password": keys.password,
    "vault_apn_passwords": dict,  # profile: password, written by the district
    "vault_vpn_private_key": keys.wireguard_key,
    "vault_intake_tls_key": keys.tls_key,
    "vault_forwarder_tls_key": keys.tls_key,
    "vault_server_host_private_key": keys.ssh_host_key,
    "vault_modem_host_private_key": keys.ssh_host_key,
    # Keep the vault: without this password nobody opens the office's backups.
    "vault_backup_password": keys.password,
    "vault_backup_ssh_private_key": keys.ssh_host_key,
    "vault_data_volume_recovery": keys.password,
}
VAULT_HEADING = "Made by `rekamatan secrets init`; edit with: ansible-vault edit"
PUBLIC_HEADING = "Public halves of the keys in the vault, written by `rekamatan secrets init`."
WORKSTATION_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")


@dataclass(slots=True)
class Made:
    """What a run made: file name to the keys that are new in it."""

    files: dict[str, list[str]] = field(default_factory=dict)

    def note(self, name: str, new_keys: Sequence[str]) -> None:
        """Remember that `new_keys` were added to or changed in the file `name`."""
        if new_keys:
            self.files.setdefault(name, []).extend(new_keys)


def make_secrets(root: Path, password_file: Path, sites: Sequence[str] = ()) -> Made:
    """Make what is missing for the data centre, the CA and `sites` (default: all).

    Raises:
        ConfigError: no inventory, unknown site, a vault file in clear.
        RekamatanError: ansible-vault refused, usually a wrong password.
    """
    inventory = read_inventory(root)
    chosen = [inventory.site(slug) for slug in sites] if sites else list(inventory.sites)
    wanted = _wanted(inventory, chosen)
    made = Made()
    with staging(root, password_file) as area:
        vaults = _complete(area, wanted, made, root)
    _Publisher(inventory, vaults, made).publish(chosen)
    return made


def issue_workstation(
    root: Path, password_file: Path, site: str, name: str, out: Path
) -> tuple[Path, ...]:
    """A client certificate for one enrolment workstation, CN `<name>.<site>`, and its key.

    Returns:
        The files written: key, certificate, the district CA's certificate.

    Raises:
        ConfigError: unknown site, a bad name, or no CA yet.
        RefusedError: a key of that name is already there.
    """
    host = read_inventory(root).site(site)
    if not WORKSTATION_NAME.fullmatch(name):
        hint = "use lower-case letters, digits and hyphens, such as ws1"
        raise ConfigError("workstation", "--name", f"{name!r} is not usable", hint)
    common_name = f"{name}.{host.name}"
    key_file, certificate_file = out / f"{common_name}.key", out / f"{common_name}.crt"
    if key_file.exists():
        reason, hint = "there already is such a key", "choose another --name or --out"
        raise RefusedError(str(key_file), "issue", reason, hint)
    with staging(root, password_file) as area:
        authority = _authority(root, area)
    ca_pem = str(read_inventory(root).district.get("district_ca_certificate"))
    key = keys.tls_key()
    purpose = keys.Purpose(common_name, server=False)
    out.mkdir(parents=True, exist_ok=True)
    _write_key(key_file, key)
    write_durably(certificate_file, keys.certificate(key, purpose, authority, ca_pem).encode())
    write_durably(out / "ca.crt", ca_pem.encode())
    return key_file, certificate_file, out / "ca.crt"


def _write_key(path: Path, pem: str) -> None:
    """A key nobody else can read at any moment, also not while it is being written."""
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(pem, encoding="ascii")


def _authority(root: Path, area: Staging) -> str:
    vault = root / "ca" / VAULT
    if not vault.exists():
        hint = "make it first: rekamatan secrets init"
        raise ConfigError(str(vault), "file", "this district has no CA yet", hint)
    return str(area.decrypt([vault])[vault]["vault_district_ca_key"])


def _wanted(
    inventory: Inventory, sites: Sequence[Host]
) -> dict[Path, Mapping[str, Callable[[], object]]]:
    """Each vault file and what belongs into it."""
    hosts = inventory.root / "host_vars"
    wanted = {inventory.root / "ca" / VAULT: CA_SECRETS}
    wanted |= {hosts / host.name / VAULT: DATA_CENTRE_SECRETS for host in inventory.data_centre}
    return wanted | {hosts / host.name / VAULT: SITE_SECRETS for host in sites}


def _complete(
    area: Staging,
    wanted: Mapping[Path, Mapping[str, Callable[[], object]]],
    made: Made,
    root: Path,
) -> dict[Path, Values]:
    """Read the vault files that exist, add what is missing, write those that changed."""
    existing = [path for path in wanted if path.exists()]
    for path in existing:
        if not path.read_text(encoding="utf-8").startswith("$ANSIBLE_VAULT;"):
            hint = f"encrypt it: ansible-vault encrypt {path}"
            raise ConfigError(str(path), "file", "a vault file in clear", hint)
    vaults = area.decrypt(existing)
    changed = {}
    for path, makers in wanted.items():
        values = vaults.setdefault(path, {})
        missing = [key for key in makers if key not in values]
        values |= {key: makers[key]() for key in missing}
        made.note(str(path.relative_to(root)), missing)
        if missing:
            changed[path] = to_yaml(values, VAULT_HEADING)
    area.write(changed)
    return vaults


class _Publisher:
    """Writes the public halves beside the vault files, and the host keys into known_hosts."""

    def __init__(self, inventory: Inventory, vaults: Mapping[Path, Values], made: Made) -> None:
        self._root = inventory.root
        self._inventory = inventory
        self._vaults = vaults
        self._made = made
        self._ca_key = self._secret("ca", "vault_district_ca_key")
        self._ca = ""

    def publish(self, sites: Sequence[Host]) -> None:
        """All of it; files that would not change are not touched."""
        self._ca = self._authority_certificate()
        shared: Values = {"district_ca_certificate": self._ca}
        host_keys: dict[str, str] = {}
        for host in self._inventory.data_centre:
            shared |= self._data_centre(host, host_keys)
        self._write("group_vars/all/public.yml", shared)
        for host in sites:
            self._site(host, host_keys)
        self._pin(host_keys)

    def _authority_certificate(self) -> str:
        current = self._inventory.district.get("district_ca_certificate")
        if isinstance(current, str) and keys.belongs(current, self._ca_key):
            return current
        name = self._inventory.district.get("district_name") or self._root.name
        return keys.authority_certificate(self._ca_key, f"{name} Rekamatan CA")

    def _data_centre(self, host: Host, host_keys: dict[str, str]) -> Values:
        folder = f"host_vars/{host.name}"
        names = tuple(map(str, host.get("data_centre_names") or (host.name,)))
        address = host.get("data_centre_address")
        addresses = (str(address),) if address else ()
        purpose = keys.Purpose(names[0], server=True, names=names, addresses=addresses)
        host_keys[host.name] = self._ssh_public(folder, "vault_server_host_private_key")
        self._write(
            f"{folder}/public.yml",
            {
                "data_centre_ingest_tls_certificate": self._certificate(
                    host, "data_centre_ingest_tls_certificate", "vault_ingest_tls_key", purpose
                ),
                "data_centre_host_key": host_keys[host.name],
            },
        )
        vpn = self._secret(folder, "vault_vpn_private_key")
        receipts = self._secret(folder, "vault_receipt_signing_key")
        return {
            "data_centre_vpn_public_key": keys.wireguard_public(vpn),
            "data_centre_receipt_public_key": keys.signing_public(receipts),
        }

    def _site(self, host: Host, host_keys: dict[str, str]) -> None:
        folder = f"host_vars/{host.name}"
        intake = keys.Purpose(
            host.name, server=True, names=(host.name,), addresses=(_server_address(host),)
        )
        forwarder = keys.Purpose(host.name, server=False)
        host_keys[host.name] = self._ssh_public(folder, "vault_server_host_private_key")
        vpn = self._secret(folder, "vault_vpn_private_key")
        self._write(
            f"{folder}/public.yml",
            {
                "site_vpn_public_key": keys.wireguard_public(vpn),
                "site_server_host_key": host_keys[host.name],
                "site_modem_host_key": self._ssh_public(folder, "vault_modem_host_private_key"),
                "site_backup_public_key": self._ssh_public(folder, "vault_backup_ssh_private_key"),
                "site_intake_tls_certificate": self._certificate(
                    host, "site_intake_tls_certificate", "vault_intake_tls_key", intake
                ),
                "site_forwarder_tls_certificate": self._certificate(
                    host, "site_forwarder_tls_certificate", "vault_forwarder_tls_key", forwarder
                ),
            },
        )

    def _certificate(self, host: Host, name: str, secret: str, purpose: keys.Purpose) -> str:
        """The certificate that is there while it still says the right thing, else a new one."""
        key = self._secret(f"host_vars/{host.name}", secret)
        current = host.get(name)
        if isinstance(current, str) and keys.fits(current, key, purpose, self._ca):
            return current
        return keys.certificate(key, purpose, self._ca_key, self._ca)

    def _secret(self, folder: str, key: str) -> str:
        return str(self._vaults[self._root / folder / VAULT][key])

    def _ssh_public(self, folder: str, key: str) -> str:
        return keys.ssh_public(self._secret(folder, key))

    def _write(self, name: str, values: Values) -> None:
        path = self._root / name
        current = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else None
        current = current if isinstance(current, dict) else {}
        changed = [key for key, value in values.items() if current.get(key) != value]
        if changed:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_durably(path, to_yaml(current | values, PUBLIC_HEADING).encode())
            path.chmod(0o644)
            self._made.note(name, changed)

    def _pin(self, host_keys: Mapping[str, str]) -> None:
        """Add host keys that are not pinned yet; a pinned one is never replaced by a program."""
        path = self._root / "known_hosts"
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        pinned = {
            line.split()[0] for line in text.splitlines() if line.strip()[:1] not in {"", "#"}
        }
        new = {name: key for name, key in host_keys.items() if name not in pinned}
        if new:
            lines = "".join(f"{name} {key}\n" for name, key in new.items())
            write_durably(path, (text + lines).encode())
            path.chmod(0o644)
            self._made.note("known_hosts", list(new))


def _server_address(host: Host) -> str:
    lan = host.get("site_lan")
    try:
        network = ipaddress.IPv4Network(lan)
    except ValueError as error:
        hint = "run: rekamatan inventory check"
        raise ConfigError(f"site {host.name}", "site_lan", str(error), hint) from None
    return str(network.network_address + SERVER_HOST_NUMBER)

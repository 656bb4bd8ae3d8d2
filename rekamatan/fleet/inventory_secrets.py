"""Nothing secret may stand in clear in an inventory, which lives in version control."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rekamatan.fleet.inventory import VAULT
from rekamatan.fleet.inventory_files import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rekamatan.fleet.inventory import Inventory
    from rekamatan.fleet.inventory_files import Document

SECRET_KEY = re.compile(
    r"(?:^|_)(?:pass(?:word|wd|phrase)?s?|secrets?|tokens?|psk|pin|puk"
    r"|(?:private|preshared|signing|api|tls)_key)(?:_|$)",
    re.IGNORECASE,
)
# Names that hold no secret although they sound so: where a file is, not what is in it.
PATH_KEY = re.compile(r"_(?:file|path|dir|directory)$")
PRIVATE_KEY = re.compile(r"BEGIN [A-Z0-9 ]*PRIVATE KEY")
MAX_TEXT_BYTES = 1_000_000
TO_VAULT = "move it into vault.yml beside this file (ansible-vault edit) and refer to it by name"


def secret_problems(inventory: Inventory) -> Iterator[Problem]:
    """Secrets in clear, vault files that are not encrypted, private keys anywhere."""
    for document in inventory.documents:
        if document.encrypted:
            continue
        if document.path.name == VAULT:
            fix = f"encrypt it now, then replace what was in it: ansible-vault encrypt {VAULT}"
            yield Problem(document.name, 1, "file", "a vault file that is not encrypted", fix)
        else:
            yield from _in_values(document, document.data, "")
    yield from _private_keys(inventory)


def _in_values(document: Document, value: object, key: str) -> Iterator[Problem]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _in_values(document, item, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _in_values(document, item, f"{key}.{number}")
    elif _secret(key) and _literal(value):
        reason = "a secret in clear (not shown here)"
        yield Problem(document.name, document.line(key), key, reason, TO_VAULT)


def _secret(key: str) -> bool:
    """True when any part of the dotted key says that it holds a secret."""
    parts = key.split(".")
    if PATH_KEY.search(parts[-1]):
        return False
    return any(part.startswith("vault_") or SECRET_KEY.search(part) for part in parts)


def _literal(value: object) -> bool:
    """True for a value written out; a reference ({{ vault_... }}) or nothing is fine."""
    if isinstance(value, str):
        return bool(value) and "{{" not in value
    return isinstance(value, int | float) and not isinstance(value, bool)


def _private_keys(inventory: Inventory) -> Iterator[Problem]:
    """Private keys in files of any kind below the inventory."""
    for path in sorted(inventory.root.rglob("*")):
        if not path.is_file() or path.stat().st_size > MAX_TEXT_BYTES:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found = PRIVATE_KEY.search(text)
        if found:
            line = text.count("\n", 0, found.start()) + 1
            name = str(path.relative_to(inventory.root))
            fix = "remove it from the inventory and make a new one: this one counts as known"
            yield Problem(name, line, "file", "a private key in clear", fix)

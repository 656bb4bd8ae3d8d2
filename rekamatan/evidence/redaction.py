"""What may never stand in evidence: secrets, and the numbers of people."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from rekamatan.errors import RefusedError

SECRET_KEY = re.compile(
    r"(?:^|[_.-])(?:pass(?:word|wd|phrase)?s?|secrets?|tokens?|psk|pin|puk"
    r"|(?:private|preshared|signing|api|tls)_?key)(?:$|[_.-])",
    re.IGNORECASE,
)
# A NIK is 16 digits standing alone. Digits inside a hash or behind a decimal point are none.
NIK = re.compile(r"(?<![0-9A-Za-z.])[0-9]{16}(?![0-9A-Za-z])")
PRIVATE_KEY = re.compile(r"BEGIN [A-Z0-9 ]*PRIVATE KEY")


def refuse_personal_and_secret(entry: Mapping[str, object]) -> None:
    """Let `entry` pass, or say which key must not be written.

    Raises:
        RefusedError: names the key, never the value.
    """
    for key, value in _leaves(entry, ""):
        reason = _objection(key, value)
        if reason:
            hint = "leave it out: evidence holds counts, hashes and names of sites only"
            raise RefusedError(f"evidence entry, key {key}", "append", reason, hint)


def _objection(key: str, value: object) -> str:
    if value and not isinstance(value, bool) and SECRET_KEY.search(key.rpartition(".")[2]):
        return "the key says it is a secret"
    text = str(value) if isinstance(value, str | int) else ""
    if NIK.search(text) or NIK.search(key):
        return "16 digits: this may be a person's NIK"
    return "a private key" if PRIVATE_KEY.search(text) else ""


def _leaves(value: object, key: str) -> Iterator[tuple[str, object]]:
    """Every value with its dotted key; a mapping or list under a secret's name is one too."""
    if isinstance(value, Mapping):
        if key and SECRET_KEY.search(key.rpartition(".")[2]):
            yield key, bool(value) and "nested"
        for name, item in value.items():
            yield from _leaves(item, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _leaves(item, key)
    else:
        yield key, value

"""The modem's password, as systemd hands it to the one unit that needs it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from rekamatan.errors import ConfigError, RekamatanError

Name = Literal["modem-switch", "modem-read"]


@dataclass(frozen=True, slots=True)
class ModemCredential:
    """Never printed: both fields stay out of `repr`."""

    password: str = field(repr=False)
    apn_passwords: dict[str, str] = field(repr=False, default_factory=dict)


def available(name: Name) -> bool:
    """True inside the unit that was given this credential."""
    return _path(name).is_file()


def credential(name: Name) -> ModemCredential:
    """Read `$CREDENTIALS_DIRECTORY/<name>`: JSON with `password` and `apn_passwords`.

    Raises:
        RekamatanError: this process was not given the credential.
        ConfigError: it is not the expected JSON.
    """
    if not available(name):
        hint = "run it through its unit: rekamatan wan switch, rekamatan verify"
        raise RekamatanError(name, "read credential", "this process was not given it", hint)
    try:
        data = json.loads(_path(name).read_text(encoding="utf-8"))
        return ModemCredential(data["password"], dict(data.get("apn_passwords", {})))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        # The text of a decoding error quotes the document: it must not reach a log.
        reason = f"not the expected JSON ({type(error).__name__})"
        raise ConfigError(name, "credential", reason, "run the role site_agent again") from None


def _path(name: Name) -> Path:
    return Path(os.environ.get("CREDENTIALS_DIRECTORY", "/nonexistent")) / name

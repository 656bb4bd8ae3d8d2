"""RouterOS console text: what is an answer, what is an error, what is a secret. Pure.

Asynchronous log lines, repainted prompts and the terminal's line ends are expected everywhere.
"""

from __future__ import annotations

import re

from rekamatan.modems.known_secrets import without

_DATE = r"(?:\d{4}-\d\d-\d\d|[a-z]{3}/\d\d(?:/\d{4})?)"
_ASYNC_LINE = re.compile(rf"^(?:{_DATE} )?\d\d:\d\d:\d\d echo: ", re.IGNORECASE)
_PROMPT = re.compile(r"^\[[^\]]+@[^\]]*\] (?:[\w/ -]*)?(?:<SAFE> )?> ?")
_TERMINAL = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|[78=>])")
_ERROR = re.compile(
    r"^(?:bad command name |syntax error|expected |failure: |no such item|unknown parameter|"
    r"input does not match |value of .* (?:contains|expects|must|out of range)|invalid |"
    r"ambiguous value|action cancelled|action timed out|not enough permissions|"
    r"conditional not boolean|Script Error: |missing value|error: |Cannot open |"
    r"cannot |can not |no such command|interrupted|timeout\b)"
)
_SECRET_PAIR = re.compile(r'(\b(?:password|pin)=)("(?:[^"\\]|\\.)*"|\S+)')
_ESCAPE = re.compile(r"\\(.)")


def clean(text: str) -> str:
    """Console output without log lines that landed in it, prompts, and terminal line ends."""
    kept = []
    for line in _TERMINAL.sub("", text).replace("\r\n", "\n").split("\n"):
        last_painted = line.rstrip("\r").rsplit("\r", 1)[-1].rstrip()
        if _ASYNC_LINE.match(last_painted) or _PROMPT.match(last_painted):
            continue
        kept.append(last_painted)
    return "\n".join(kept).strip("\n")


def error_in(text: str) -> str | None:
    """The error line of an answer, if it is one. RouterOS gives exit status 0 for errors too."""
    for line in text.splitlines():
        if _ERROR.match(line.strip()):
            return line.strip()
    return None


def redact(text: str, secrets: tuple[str, ...] = ()) -> str:
    """Text without passwords and PINs: shown ones by their key, known ones wherever they stand."""
    return without(_SECRET_PAIR.sub(r"\1***", text), secrets)


def unquote(value: str) -> str:
    """A printed value without its quotes and escapes."""
    if value.startswith('"') and value.endswith('"') and len(value) > 1:
        return _ESCAPE.sub(lambda m: {"n": "\n", "r": "\r"}.get(m[1], m[1]), value[1:-1])
    return value.strip()

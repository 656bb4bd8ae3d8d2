"""Device command texts: rendered from `templates/modems/<platform>/*.j2`.

In a checkout the templates lie at the root; in the wheel they are inside the package.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

import jinja2

_PACKAGE = Path(__file__).resolve().parent.parent
_PLACES = (_PACKAGE / "templates", _PACKAGE.parent / "templates")


def quoted(text: str) -> str:
    """Text as a RouterOS string: what the console would interpret is escaped."""
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("$", "\\$"), ("\r", ""), ("\n", "\\n")):
        text = text.replace(plain, escaped)
    return f'"{text}"'


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([place / "modems" for place in _PLACES]),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - device text, not HTML; values go through `quoted` or `xml`
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["quoted"] = quoted
    environment.filters["shell"] = shell_quoted
    environment.filters["xml"] = escape
    return environment


def shell_quoted(text: str) -> str:
    """Text in single quotes, for a Unix shell and for `uci batch` alike."""
    return "'" + text.replace("'", "'\\''") + "'"


def script_text(platform: str, template: str, /, **values: object) -> str:
    """A file for the device, as the template has it: comments and `#!` stay."""
    return _environment().get_template(f"{platform}/{template}.j2").render(values).strip() + "\n"


def command_lines(platform: str, template: str, /, **values: object) -> tuple[str, ...]:
    """The commands of one template, one a line, empty lines and `#` comments dropped."""
    text = _environment().get_template(f"{platform}/{template}.j2").render(values)
    lines = (line.strip() for line in text.splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def labelled_commands(
    platform: str, template: str, /, **values: object
) -> tuple[tuple[str, str], ...]:
    """Label and command of a template whose lines are `label: command`; a label may repeat."""
    lines = command_lines(platform, template, **values)
    return tuple((label, command) for label, _, command in (ln.partition(": ") for ln in lines))

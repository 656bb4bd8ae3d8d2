"""Documents as the modem writes and reads them."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
OK = f"{HEAD}<response>OK</response>"


def document(values: dict[str, Any]) -> str:
    """A `response` with these values; a list repeats its element."""
    return f"{HEAD}<response>\n{_elements(values)}</response>\n"


def error(code: int) -> str:
    """An error, with HTTP status 200 and an empty message, as captured."""
    return f"{HEAD}<error>\n<code>{code}</code>\n<message></message>\n</error>\n"


def _elements(values: dict[str, Any]) -> str:
    text = ""
    for key, value in values.items():
        for item in value if isinstance(value, list) else [value]:
            inner = f"\n{_elements(item)}" if isinstance(item, dict) else escape(str(item))
            text += f"<{key}>{inner}</{key}>\n"
    return text


def parse_request(text: str) -> dict[str, Any]:
    """The content of a `request`. Raises `ValueError` when it is none."""
    try:
        root = ET.fromstring(text)  # noqa: S314 - from tests and the lab's own servers
    except ET.ParseError as problem:
        raise ValueError(str(problem)) from problem
    if root.tag != "request":
        raise ValueError(root.tag)
    return {child.tag: _content(child) for child in root}


def _content(element: ET.Element) -> Any:  # noqa: ANN401 - text or a mapping
    if len(element):
        return {child.tag: _content(child) for child in element}
    return element.text or ""

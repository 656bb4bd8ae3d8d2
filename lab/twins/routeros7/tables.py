"""The configuration: rows and records of every menu, with RouterOS's checks."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Protocol

from lab.twins.routeros7.values import ScriptError, duration_text, seconds_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lab.twins.routeros7 import menus
    from lab.twins.routeros7.editions import Edition
    from lab.twins.routeros7.menus import Menu, Property
    from lab.twins.routeros7.printing import Row


class Observer(Protocol):
    """Who acts on the configuration."""

    def changed(self, menu: Menu, before: Row | None, after: Row | None) -> None:
        """A row or record was added (`before` None), changed, or removed (`after` None)."""
        ...

    def live_rows(self, menu: Menu) -> list[Row] | None:
        """Rows that are state, not configuration; None when the menu is all configuration."""
        ...

    def hides(self, menu: Menu) -> bool:
        """True while the menu's rows are not there (a modem that restarts)."""
        ...


class Tables:
    """All menus' contents.

    Args:
        observer: told of each change; supplies live rows.
        edition: the menus there are.
        document: the saved configuration; empty for a fresh device.
    """

    def __init__(
        self, observer: Observer, edition: Edition, document: Mapping[str, Any] | None = None
    ) -> None:
        self._observer = observer
        self._edition = edition
        self._rows: dict[str, list[Row]] = {}
        self._records: dict[str, Row] = {}
        self._next_id = 1
        if document:
            self._rows = copy.deepcopy(dict(document["rows"]))
            self._records = copy.deepcopy(dict(document["records"]))
            self._next_id = int(document["next_id"])

    def document(self) -> dict[str, Any]:
        """What is to be saved."""
        return {"rows": self._rows, "records": self._records, "next_id": self._next_id}

    def rows(self, menu: Menu) -> list[Row]:
        """The rows of a table, live ones last."""
        if self._observer.hides(menu):
            return []
        return self._rows.get(menu.key, []) + (self._observer.live_rows(menu) or [])

    def record(self, menu: Menu) -> Row:
        """The one record of a settings menu, defaults filled in."""
        defaults = {item.name: item.default for item in menu.properties}
        return {**defaults, **self._records.get(menu.key, {})}

    def names(self, path: menus.Path) -> set[str]:
        """The names in a table, for references to it."""
        return {row["name"] for row in self._rows.get(self._edition.by_path[path].key, [])}

    def add(self, menu: Menu, values: Mapping[str, str]) -> Row:
        """A new row. Raises `ScriptError` with RouterOS's text."""
        for name in menu.required:
            if not values.get(name):
                raise ScriptError(f"failure: missing {name}")
        row = {item.name: item.default for item in menu.properties}
        row |= {name: self._checked(menu.by_name[name], text) for name, text in values.items()}
        self._check_unique(menu, row)
        row[".id"] = f"*{self._next_id:X}"
        self._next_id += 1
        self._rows.setdefault(menu.key, []).append(row)
        self._observer.changed(menu, None, row)
        return row

    def set_row(self, menu: Menu, row: Row, values: Mapping[str, str]) -> None:
        """Change a row in place."""
        checked = {name: self._checked(menu.by_name[name], text) for name, text in values.items()}
        self._check_unique(menu, {**row, **checked})
        before = dict(row)
        row.update(checked)
        self._observer.changed(menu, before, row)

    def set_record(self, menu: Menu, values: Mapping[str, str]) -> None:
        """Change a settings menu."""
        before = self.record(menu)
        checked = {name: self._checked(menu.by_name[name], text) for name, text in values.items()}
        self._records.setdefault(menu.key, {}).update(checked)
        self._observer.changed(menu, before, self.record(menu))

    def remove(self, menu: Menu, row: Row) -> None:
        """Take a row out. Raises `ScriptError` for rows that are not configuration."""
        stored = self._rows.get(menu.key, [])
        if row not in stored:
            raise ScriptError("failure: can not remove dynamic entry")
        stored.remove(row)
        self._observer.changed(menu, row, None)

    def _check_unique(self, menu: Menu, row: Row) -> None:
        if not menu.unique:
            return
        for other in self._rows.get(menu.key, []):
            same = other[menu.unique] == row[menu.unique]
            if same and other.get(".id") != row.get(".id"):
                reason = "with the same name exists" if menu.unique == "name" else ""
                raise ScriptError(f"failure: already have such entry {reason}".rstrip())

    def _checked(self, item: Property, text: str) -> str:
        """A value as it is stored. Raises `ScriptError` when it is not one."""
        if item.kind in {"choice", "flag"} and text not in item.choices:
            raise ScriptError(f"input does not match any value of {item.name}")
        if item.kind == "reference" and text not in self.names(item.refers):
            raise ScriptError(f"input does not match any value of {item.name}")
        if item.kind == "duration":
            seconds = seconds_of(text)
            if seconds is None:
                raise ScriptError(f"invalid time value for argument {item.name}")
            return duration_text(seconds)
        return text

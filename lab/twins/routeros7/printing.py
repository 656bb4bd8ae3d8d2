"""How RouterOS prints: columns, detail, terse, records, export."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.twins.routeros7.values import quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lab.twins.routeros7.menus import Menu

Row = dict[str, str]


def record(values: Mapping[str, str]) -> str:
    """`key: value` lines, keys right-aligned, as settings and `monitor` print."""
    width = max((len(key) for key in values), default=0) + 2
    return "\n".join(f"{key:>{width}}: {value}" for key, value in values.items())


def flags_of(menu: Menu, row: Row) -> str:
    """The flag letters of one row."""
    return "".join(letter for letter, name, _ in menu.flags if row.get(name) == "yes")


def shown(menu: Menu, row: Row) -> Row:
    """Properties worth showing: set, and not already told by a flag."""
    flags = {name for _, name, _ in menu.flags}
    return {
        item.name: row[item.name]
        for item in menu.properties
        if item.name not in flags
        and not item.write_only
        and row.get(item.name, "") != ""
        and not (item.hidden_default and row[item.name] == item.default)
    }


def legend(menu: Menu, *, old_style: bool) -> str:
    """`Flags: X - DISABLED; R - RUNNING` (RouterOS 6: `X - disabled, R - running`), or nothing."""
    words = [f"{letter} - {word if old_style else word.upper()}" for letter, _, word in menu.flags]
    return f"Flags: {(', ' if old_style else '; ').join(words)}" if words else ""


def detail(menu: Menu, rows: Sequence[Row], *, old_style: bool) -> str:
    """`print detail`: one record a row; comment first after `;;;`, a script's source below."""
    lines = [legend(menu, old_style=old_style)] if menu.flags else []
    for number, row in enumerate(rows):
        values = shown(menu, row)
        comment = values.pop("comment", None)
        source = values.pop("source", None)
        pairs = [
            f"{name}={quote(value) if menu.by_name[name].quoted else value}"
            for name, value in values.items()
        ]
        head = f"{number:2} {flags_of(menu, row):3}"
        if comment is not None:
            lines += [f"{head};;; {comment}", f"      {' '.join(pairs)}"]
        else:
            lines.append(f"{head}{' '.join(pairs)}")
        if source is not None:
            lines[-1] += " source="
            lines += [f"      {line}" for line in source.split("\n")]
        lines.append("")
    return "\n".join(lines)


def terse(menu: Menu, rows: Sequence[Row], *, old_style: bool) -> str:
    """`print terse`: one line a row, nothing quoted, no legend."""
    del old_style
    return "\n".join(
        " ".join(
            [f"{number} {flags_of(menu, row)}".rstrip()]
            + [f"{name}={value}" for name, value in shown(menu, row).items()]
        )
        for number, row in enumerate(rows)
    )


def columns(menu: Menu, rows: Sequence[Row], *, old_style: bool) -> str:
    """Plain `print`: a table of the first few properties."""
    flags = {name for _, name, _ in menu.flags}
    names = [item.name for item in menu.properties if item.name not in {*flags, "comment"}][:6]
    names = [name for name in names if any(row.get(name) for row in rows)]
    table = [[name.upper() for name in names]]
    table += [[row.get(name, "").replace("\n", " ") for name in names] for row in rows]
    widths = [max(len(line[at]) for line in table) for at in range(len(names))]
    heads = ["#    "] + [f"{at:2} {flags_of(menu, row):2}" for at, row in enumerate(rows)]
    lines = [legend(menu, old_style=old_style)] if menu.flags else []
    if not old_style:
        lines.append(f"Columns: {', '.join(table[0])}")
    for head, line in zip(heads, table, strict=True):
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
        lines.append(f"{head}{'  '.join(cells)}".rstrip())
    return "\n".join(lines)


def as_value(values: Mapping[str, str]) -> str:
    """`k=v;k=v`."""
    return ";".join(f"{key}={value}" for key, value in values.items())


def export_line(menu: Menu, row: Row, *, sensitive: bool) -> str:
    """One `add` or `set` line of `/export`, what differs from the default only."""
    fixed = menu.table and "add" not in menu.commands
    pairs = []
    for item in menu.properties:
        value = row.get(item.name, "")
        secret = item.write_only or (item.kind == "password" and not sensitive)
        given_by_hardware = fixed and item.name in {"name", "port"}
        if item.read_only or secret or given_by_hardware or value == item.default:
            continue
        plain = value and all(c.isalnum() or c in "-./,:" for c in value)
        pairs.append(f"{item.name}={value if plain else quote(value)}")
    if not pairs:
        return ""
    if fixed:
        return f"set [ find name={row['name']} ] {' '.join(pairs)}"
    return f"{'add' if menu.table else 'set'} {' '.join(pairs)}"

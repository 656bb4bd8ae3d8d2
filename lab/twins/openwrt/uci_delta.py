"""uncommitted changes: `/tmp/.uci/PACKAGE`, one line each, seen by every process at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.twins.openwrt.files import FileError
from lab.twins.openwrt.uci_files import (
    NAME,
    Package,
    Section,
    UciError,
    lines,
    parse,
    quote,
    valid_type,
)

if TYPE_CHECKING:
    from lab.twins.openwrt.files import Files

CONFIG, STAGED = "/etc/config", "/tmp/.uci"  # noqa: S108 - paths of the twin
SET, DELETE, ADD, ADD_LIST, DEL_LIST, RENAME, REORDER = "", "-", "+", "|", "~", "@", "^"


@dataclass(frozen=True, slots=True)
class Delta:
    """One recorded change."""

    kind: str
    package: str
    section: str
    option: str = ""
    value: str | None = None

    @property
    def place(self) -> str:
        """`package.section[.option]`."""
        return ".".join(part for part in (self.package, self.section, self.option) if part)

    def line(self) -> str:
        """As it stands in the file."""
        value = "" if self.value is None else f"={quote(self.value)}"
        return f"{self.kind}{self.place}{value}\n"

    def shown(self) -> str:
        """As `uci changes` prints it."""
        value = quote(self.value or "")
        sign = {ADD_LIST: "+=", DEL_LIST: "-="}.get(self.kind, "=")
        return f"-{self.place}" if self.kind == DELETE else f"{self.place}{sign}{value}"


def staged(files: Files, package: str) -> list[Delta]:
    """Recorded changes of a package, in order; lines that are none are ignored."""
    try:
        text = files.read(f"{STAGED}/{package}")
    except FileError:
        return []
    return [delta for line in lines(text) if (delta := _delta(line.words[0]))]


def _delta(text: str) -> Delta | None:
    kind = text[0] if text[:1] in "-+|~@^" else SET
    place, marked, value = text[len(kind) :].partition("=")
    parts = place.split(".")
    if len(parts) not in {2, 3} or not all(NAME.fullmatch(part) for part in parts[1:]):
        return None
    option = parts[2] if len(parts) == 3 else ""  # noqa: PLR2004 - package.section.option
    return Delta(kind, parts[0], parts[1], option, value if marked else None)


def record(files: Files, delta: Delta) -> None:
    """Append a change."""
    if not files.is_directory(STAGED):
        files.make_directory(STAGED)
    path = f"{STAGED}/{delta.package}"
    old = files.read(path) if files.node(path) else ""
    files.write(path, old + delta.line())


def replace(files: Files, package: str, deltas: list[Delta]) -> None:
    """Keep only these changes; an emptied file stays, with 0 bytes."""
    if files.is_directory(STAGED) and files.node(f"{STAGED}/{package}"):
        files.write(f"{STAGED}/{package}", "".join(delta.line() for delta in deltas))


def packages(files: Files) -> list[str]:
    """Names of the configuration files."""
    return [name for name in files.names(CONFIG) if NAME.fullmatch(name.replace("-", "_"))]


def committed(files: Files, package: str) -> Package:
    """A package as its file has it. Raises `UciError`."""
    path = f"{CONFIG}/{package}"
    node = files.node(path)
    if node is None or node.directory or not NAME.fullmatch(package.replace("-", "_")):
        raise UciError("Entry not found")
    return parse(package, files.read(path))


def load(files: Files, package: str) -> Package:
    """A package with its uncommitted changes applied. Raises `UciError`."""
    loaded = committed(files, package)
    for delta in staged(files, package):
        apply(loaded, delta)
    return loaded


def apply(package: Package, delta: Delta) -> None:
    """Apply a change; one for a section that is no more is dropped silently."""
    section = next((s for s in package.sections if s.name == delta.section), None)
    value = delta.value or ""
    if delta.kind == ADD or (delta.kind == SET and not delta.option):
        _apply_section(package, section, delta)
    elif section is None:
        return
    elif delta.kind == DELETE:
        _delete(package, section, delta.option)
    elif delta.kind == RENAME:
        _rename(section, delta.option, value)
    elif delta.kind == REORDER:
        package.sections.remove(section)
        package.sections.insert(int(value) if value.isdigit() else 0, section)
    else:
        _apply_option(section, delta)


def _apply_section(package: Package, section: Section | None, delta: Delta) -> None:
    if not loadable(delta):
        return
    if section is not None:
        section.type = delta.value or section.type
        return
    added = package.add(delta.value or "", delta.section)
    added.anonymous = delta.kind == ADD


def loadable(delta: Delta) -> bool:
    """False for a section that `add` accepted and no load ever takes: its record stays for good."""
    return delta.kind != ADD or valid_type(delta.value or "")


def _apply_option(section: Section, delta: Delta) -> None:
    old = section.options.get(delta.option)
    value = delta.value or ""
    if delta.kind == SET:
        section.options[delta.option] = value
    elif delta.kind == ADD_LIST:
        before = old if isinstance(old, list) else [old] if old is not None else []
        section.options[delta.option] = [*before, value]
    elif isinstance(old, list):
        kept = [item for item in old if item != value]
        if kept:
            section.options[delta.option] = kept
        else:
            del section.options[delta.option]


def _delete(package: Package, section: Section, option: str) -> None:
    if option:
        section.options.pop(option, None)
    else:
        package.sections.remove(section)


def _rename(section: Section, option: str, name: str) -> None:
    if not option:
        section.name, section.anonymous = name, False
    elif option in section.options:
        items = {name if key == option else key: v for key, v in section.options.items()}
        section.options.clear()
        section.options.update(items)

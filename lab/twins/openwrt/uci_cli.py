"""`uci` as administrators type it, with the exit codes and error texts of the real program.

Left out, and refused with the usage text: the options `-c -C -t -p -P -f -m -S -s`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.twins.openwrt import uci_delta
from lab.twins.openwrt.uci_delta import CONFIG, Delta
from lab.twins.openwrt.uci_files import (
    NAME,
    UciError,
    Value,
    export,
    lines,
    parse,
    quote,
    valid_type,
)
from lab.twins.openwrt.uci_usage import ARGUMENTS, USAGE

if TYPE_CHECKING:
    from lab.twins.openwrt.files import Files
    from lab.twins.openwrt.streams import Streams
    from lab.twins.openwrt.uci_files import Package, Section

_NOT_FOUND, _INVALID, _PARSE = "Entry not found", "Invalid argument", "Parse error"
_USAGE_STATUS, _ADD_STATUS = 255, 3


class Uci:
    """One run of the program."""

    def __init__(self, files: Files, io: Streams) -> None:
        self._files = files
        self._io = io
        self._delimiter = " "
        self._extended = True
        self._quiet = False
        self.text = ""  # what batch and import read

    def options(self, arguments: list[str]) -> list[str] | None:
        """Read the options; gives the rest, None when one is not understood."""
        rest = list(arguments)
        while rest and rest[0].startswith("-") and len(rest[0]) > 1:
            letter = rest.pop(0)[1:]
            if letter == "d" and rest:
                self._delimiter = rest.pop(0)
            elif letter == "X":
                self._extended = False
            elif letter == "q":
                self._quiet = True
            elif letter not in {"n", "N"}:
                self._io.complain(f"uci: invalid option -- '{letter[0]}'")
                return None
        return rest

    def run(self, words: list[str]) -> int:
        """One command; its exit status."""
        command, arguments = words[0], words[1:]
        least, most = ARGUMENTS.get(command, (1, 0))
        if not least <= len(arguments) <= most:
            self._io.err.append(USAGE)
            return _USAGE_STATUS
        try:
            return int(getattr(self, f"_{'delete' if command == 'del' else command}")(*arguments))
        except UciError as error:
            if str(error) and not self._quiet:
                self._io.complain(f"uci: {error}")
            return _ADD_STATUS if command == "add" else 1

    # places

    def _place(self, text: str, *, valued: bool = False) -> tuple[str, str, str, str | None]:
        """Package, section, option and value of an argument. Raises `UciError`."""
        place, marked, value = text.partition("=")
        package, *rest = place.split(".", 2)
        if not NAME.fullmatch(package.replace("-", "_")):
            raise UciError(_PARSE)
        section = rest[0] if rest else ""
        option = rest[1] if len(rest) > 1 else ""
        if rest and not section:
            raise UciError(_INVALID)
        if len(rest) > 1 and not NAME.fullmatch(option):
            raise UciError(_PARSE)
        if valued and (not marked or not section):
            raise UciError(_INVALID)
        return package, section, option, value if marked else None

    def _found(self, package: Package, section: str, option: str = "") -> Section:
        found = package.find(section)
        if found is None or (option and option not in found.options):
            raise UciError(_NOT_FOUND)
        return found

    def _target(self, text: str) -> tuple[Package, Section, str, str]:
        """Where a change goes; a missing section is an invalid argument there."""
        package, section, option, value = self._place(text, valued=True)
        loaded = uci_delta.load(self._files, package)
        found = loaded.find(section)
        if found is None:
            raise UciError(_INVALID)
        return loaded, found, option, value or ""

    # reading

    def _get(self, text: str) -> int:
        package, section, option, value = self._place(text)
        loaded = uci_delta.load(self._files, package)
        if value is not None:
            return 1
        if not section:
            return 0
        found = self._found(loaded, section, option)
        shown = found.options[option] if option else found.type
        if isinstance(shown, list):
            spaced = [quote(item) if " " in item else item for item in shown]
            shown = self._delimiter.join(spaced)
        self._io.say(shown)
        return 0

    def _show(self, text: str = "") -> int:
        if not text:
            for name in self._each_package():
                self._show_package(uci_delta.load(self._files, name))
            return 0
        package, section, option, _ = self._place(text)
        loaded = uci_delta.load(self._files, package)
        if not section:
            if not loaded.sections:
                return 0
            self._show_package(loaded)
            return 0
        found = self._found(loaded, section, option)
        if option:
            self._io.say(f"{package}.{found.name}.{option}={self._value(found.options[option])}")
        else:
            self._show_section(loaded, found, found.name)
        return 0

    def _each_package(self) -> list[str]:
        """Packages that can be read; a broken one is reported and left out."""
        good = []
        for name in uci_delta.packages(self._files):
            try:
                uci_delta.load(self._files, name)
                good.append(name)
            except UciError as error:
                self._io.complain(f"uci: {error}")
        return good

    def _show_package(self, package: Package) -> None:
        for section in package.sections:
            name = package.extended(section) if self._extended else section.name
            self._show_section(package, section, name)

    def _show_section(self, package: Package, section: Section, name: str) -> None:
        self._io.say(f"{package.name}.{name}={section.type}")
        for option, value in section.options.items():
            self._io.say(f"{package.name}.{name}.{option}={self._value(value)}")

    def _value(self, value: Value) -> str:
        items = value if isinstance(value, list) else [value]
        return self._delimiter.join(quote(item) for item in items)

    def _export(self, package: str = "") -> int:
        for name in [package] if package else self._each_package():
            loaded = uci_delta.load(self._files, name)
            self._io.out.append(export(loaded, header=True))
        return 0

    def _changes(self, package: str = "") -> int:
        if package:
            uci_delta.committed(self._files, package)
        for name in [package] if package else uci_delta.packages(self._files):
            self._io.out += [f"{d.shown()}\n" for d in uci_delta.staged(self._files, name)]
        return 0

    # changing

    def _record(self, kind: str, place: tuple[str, str, str], value: str | None = None) -> int:
        uci_delta.record(self._files, Delta(kind, *place, value))
        return 0

    def _set(self, text: str) -> int:
        package, section, option, value = self._place(text, valued=True)
        loaded = uci_delta.load(self._files, package)
        found = loaded.find(section)
        if option:
            return self._set_option(loaded, found, option, value or "")
        if not value:
            if found is None:
                raise UciError(_NOT_FOUND)
            return self._record(uci_delta.DELETE, (package, found.name, ""))
        if not valid_type(value) or (found is None and not NAME.fullmatch(section)):
            raise UciError(_INVALID)
        if found is not None and found.type == value:
            return 0
        return self._record(uci_delta.SET, (package, found.name if found else section, ""), value)

    def _set_option(
        self, package: Package, section: Section | None, option: str, value: str
    ) -> int:
        if section is None:
            raise UciError(_INVALID)
        place = (package.name, section.name, option)
        if not value:
            present = option in section.options
            return self._record(uci_delta.DELETE, place) if present else 0
        if section.options.get(option) == value:
            return 0
        return self._record(uci_delta.SET, place, value)

    def _add(self, package: str, kind: str) -> int:
        section = uci_delta.load(self._files, package).add(kind)
        self._record(uci_delta.ADD, (package, section.name, ""), kind)
        self._io.say(section.name)
        return 0

    def _add_list(self, text: str) -> int:
        package, section, option, value = self._target(text)
        return self._record(uci_delta.ADD_LIST, (package.name, section.name, option), value)

    def _del_list(self, text: str) -> int:
        package, section, option, value = self._target(text)
        if not isinstance(section.options.get(option), list):
            return 0
        return self._record(uci_delta.DEL_LIST, (package.name, section.name, option), value)

    def _delete(self, text: str) -> int:
        package, section, option, _ = self._place(text)
        loaded = uci_delta.load(self._files, package)
        if not section:
            raise UciError(_INVALID)
        found = self._found(loaded, section, option)
        return self._record(uci_delta.DELETE, (package, found.name, option))

    def _rename(self, text: str) -> int:
        package, section, option, name = self._place(text, valued=True)
        found = self._found(uci_delta.load(self._files, package), section, option)
        if not NAME.fullmatch(name or ""):
            return 0  # said to be done, and dropped when loaded
        return self._record(uci_delta.RENAME, (package, found.name, option), name)

    def _reorder(self, text: str) -> int:
        package, section, _, position = self._place(text, valued=True)
        found = self._found(uci_delta.load(self._files, package), section)
        at = position if position and position.isdigit() else "0"
        return self._record(uci_delta.REORDER, (package, found.name, ""), at)

    def _revert(self, text: str) -> int:
        package, section, option, _ = self._place(text)
        uci_delta.committed(self._files, package)
        kept = [
            d
            for d in uci_delta.staged(self._files, package)
            if (section and d.section != section) or (option and d.option != option)
        ]
        uci_delta.replace(self._files, package, kept)
        return 0

    def _commit(self, package: str = "") -> int:
        for name in [package] if package else self._each_package():
            loaded = uci_delta.load(self._files, name)
            if changes := uci_delta.staged(self._files, name):
                self._files.write(f"{CONFIG}/{name}", export(loaded))
                uci_delta.replace(
                    self._files, name, [d for d in changes if not uci_delta.loadable(d)]
                )
        return 0

    def _import(self, package: str = "") -> int:
        loaded = parse(package, self.text)
        if not loaded.name:
            message = "attempting to import a file without a package name"
            raise UciError(f"{_PARSE} ({message}) at line 1, byte 0")
        self._files.write(f"{CONFIG}/{loaded.name}", export(loaded))
        return 0

    def _batch(self) -> int:
        """Each line by itself: a failing one does not stop the next, and the status stays 0."""
        read: set[int] = set()
        for line in lines(self.text):
            if line.number in read:
                continue  # what follows a `;` is dropped
            read.add(line.number)
            if line.words[0] == "exit":
                break
            least, most = ARGUMENTS.get(line.words[0], (1, 0))
            if least <= len(line.words) - 1 <= most and line.words[0] != "batch":
                self.run(list(line.words))
            else:
                self._io.complain("Unknown command")
        return 0

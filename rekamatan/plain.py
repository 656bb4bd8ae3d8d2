"""Plain data (as JSON and YAML give it) to typed dataclasses and back; errors name the key."""

from __future__ import annotations

import dataclasses
import functools
import json
import types
import typing
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Literal, TypeVar

from rekamatan.errors import ConfigError

T = TypeVar("T")

_SCALARS: dict[type, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "a yes/no",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands, for the person who has to correct it."""

    source: str  # file, or what stands for one
    key: str = ""

    def at(self, key: str) -> Place:
        """The place of a key inside this one."""
        return Place(self.source, f"{self.key}.{key}" if self.key else key)

    def error(self, reason: str, hint: str) -> ConfigError:
        """A `ConfigError` about this place."""
        return ConfigError(self.source, self.key or "file", reason, hint)


def from_plain(kind: type[T], value: object, place: Place) -> T:
    """Read `value` as the dataclass `kind`; unknown, missing or mistyped keys are refused.

    Raises:
        ConfigError: names the source, the dotted key, what was found and what is expected.
    """
    try:
        return typing.cast("T", _read(kind, value, place))
    except _SeveralError as several:
        raise several.errors[0] from None


def errors_in(kind: type, value: object, place: Place) -> tuple[ConfigError, ...]:
    """Everything `from_plain` would refuse about `value`, not only the first of it."""
    try:
        _read(kind, value, place)
    except _SeveralError as several:
        return several.errors
    except ConfigError as error:
        return (error,)
    return ()


def to_plain(value: object) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """`value` as JSON knows it: dataclasses become dicts, tuples lists, enums their text."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    return str(value) if isinstance(value, StrEnum) else value


def parse_json(text: str, source: str) -> object:
    """The JSON in `text`; a file cut short by a power failure is said to be one."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        reason = f"not JSON: {error.msg} in line {error.lineno}"
        raise Place(source).error(reason, "write the file again from the inventory") from None


class _SeveralError(Exception):
    """Carries the errors of all members of a mapping or list up to the caller."""

    def __init__(self, errors: Sequence[ConfigError]) -> None:
        super().__init__()
        self.errors = tuple(errors)


class _Collector:
    """Runs readings and keeps their errors until all of them have had their turn."""

    def __init__(self) -> None:
        self.errors: list[ConfigError] = []

    def read(self, kind: Any, value: object, place: Place) -> object:  # noqa: ANN401 - annotation
        """The value read, None when it was refused; `finish` raises then."""
        try:
            return _read(kind, value, place)
        except _SeveralError as several:
            self.errors.extend(several.errors)
        except ConfigError as error:
            self.errors.append(error)
        return None

    def finish(self) -> None:
        """Raise what was collected."""
        if self.errors:
            raise _SeveralError(self.errors)


def _read(kind: Any, value: object, place: Place) -> object:  # noqa: ANN401 - any annotation
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return _choice(kind, value, tuple(kind), place)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _dataclass(kind, value, place)
    if kind in _SCALARS:
        return _scalar(kind, value, place)
    return _generic(kind, value, place)


def _generic(kind: Any, value: object, place: Place) -> object:  # noqa: ANN401 - any annotation
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is Literal:
        return _choice(str, value, arguments, place)
    if origin in (types.UnionType, typing.Union):
        return _union(arguments, value, place)
    if origin is tuple:
        return _tuple(arguments, value, place)
    if origin is dict:
        return _dict(arguments[1], value, place)
    raise TypeError(f"{place.key}: no reading of {kind}")  # a mistake in our own dataclass


def _dict(kind: Any, value: object, place: Place) -> dict[str, object]:  # noqa: ANN401 - annotation
    collector = _Collector()
    entries = {
        str(key): collector.read(kind, item, place.at(str(key)))
        for key, item in as_mapping(value, place).items()
    }
    collector.finish()
    return entries


def _dataclass(kind: type, value: object, place: Place) -> object:
    entries = as_mapping(value, place)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    collector = _Collector()
    for key in entries:
        if key not in fields:
            hint = f"remove it, or use one of: {', '.join(fields)}"
            collector.errors.append(place.at(str(key)).error("unknown key", hint))
    hints = _hints(kind)
    values = {}
    for name, field in fields.items():
        if name in entries:
            values[name] = collector.read(hints[name], entries[name], place.at(name))
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            hint = f"add it: {_expected(hints[name])}"
            collector.errors.append(place.at(name).error("missing", hint))
    collector.finish()
    return kind(**values)


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    """The annotations of a dataclass, resolved once: it takes longer than reading the value."""
    return typing.get_type_hints(kind)


def _scalar(kind: type, value: object, place: Place) -> object:
    wanted = (int, float) if kind is float else (kind,)
    # bool is an int in Python; `mtu: yes` in YAML is a slip, not 1.
    if not isinstance(value, wanted) or (isinstance(value, bool) and kind is not bool):
        hint = f"write {_SCALARS[kind]}"
        if kind is str and isinstance(value, int | float):
            hint += f' in quotes: "{value}"'
        raise place.error(f"{value!r} is not {_SCALARS[kind]}", hint)
    return kind(value)


def _choice(kind: type, value: object, choices: tuple[object, ...], place: Place) -> object:
    if value not in choices:
        raise place.error(f"{value!r} is not known", f"use one of: {', '.join(map(str, choices))}")
    return kind(value)


def _union(members: tuple[Any, ...], value: object, place: Place) -> object:
    if value is None and type(None) in members:
        return None
    kinds = [member for member in members if member is not type(None)]
    for kind in kinds:
        try:
            return _read(kind, value, place)
        except (ConfigError, _SeveralError):
            if kind is kinds[-1]:
                raise
    raise place.error(f"{value!r} is not expected here", "leave it empty")


def _tuple(arguments: tuple[Any, ...], value: object, place: Place) -> tuple[object, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise place.error(f"{value!r} is not a list", "write a list: [a, b]")
    kinds = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else list(arguments)
    if len(kinds) != len(value):
        raise place.error(f"{len(value)} entries instead of {len(kinds)}", "complete the list")
    collector = _Collector()
    items = tuple(
        collector.read(kind, item, place.at(str(n)))
        for n, (kind, item) in enumerate(zip(kinds, value, strict=True))
    )
    collector.finish()
    return items


def as_mapping(value: object, place: Place) -> Mapping[Any, object]:
    """`value` if it is a mapping, else a `ConfigError`."""
    if not isinstance(value, Mapping):
        raise place.error(f"{value!r} is not a mapping", "write keys and values below it")
    return value


def _expected(kind: Any) -> str:  # noqa: ANN401 - any annotation
    if dataclasses.is_dataclass(kind):
        return f"a mapping with {', '.join(field.name for field in dataclasses.fields(kind))}"
    if typing.get_origin(kind) is dict:
        return "a mapping"
    return _SCALARS.get(kind, "a value")

"""Twins that a test boots itself, with other settings than the bench's; closed when it ends."""

from __future__ import annotations

from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Protocol, TypeVar

from tests.contract.bench import Twin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rekamatan.modems.base import ModemDriver
    from tests.contract.bench import Bench


class Closable(Protocol):
    """A running twin, for all that is asked of it here."""

    def close(self) -> None:
        """End it."""
        ...


class Attaching(Twin, Protocol):
    """A twin of the suite that can be waited for."""

    def wait_attached(self) -> None:
        """Wait until a bearer is up."""
        ...


Booted = TypeVar("Booted", bound=Closable)
Attached = TypeVar("Attached", bound=Attaching)
Connected = TypeVar("Connected", bound="ModemDriver")


@contextmanager
def booting(make: Callable[..., Booted]) -> Iterator[Callable[..., Booted]]:
    """Gives what boots a twin; it takes settings that differ. The last is closed first."""
    with ExitStack() as stack:
        yield lambda **overrides: stack.enter_context(closing(make(**overrides)))


@contextmanager
def booting_with_driver(
    make: Callable[..., Attached], bench: Bench, kind: type[Connected]
) -> Iterator[Callable[..., tuple[Attached, Connected]]]:
    """As `booting`, with its bearer up and the bench's driver of this kind, not yet connected."""
    with ExitStack() as stack:

        def start(**overrides: object) -> tuple[Attached, Connected]:
            twin = stack.enter_context(closing(make(**overrides)))
            twin.wait_attached()
            driver = stack.enter_context(closing(bench.driver(twin)))
            assert isinstance(driver, kind)
            return twin, driver

        yield start

"""Run one twin on its machine: told by a file, on a real radio, until it gets a signal."""

from __future__ import annotations

import argparse
import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from lab.twins.engine.dns_relay import DnsRelay
from lab.twins.engine.sgsnemu import SgsnemuRadio

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.twins.engine.radio import Bearer, Forwarding, Radio
    from lab.twins.engine.sgsnemu import CarrierPort


class Told(Protocol):
    """What serving needs of a twin's configuration."""

    @property
    def identity(self) -> str:
        """The site's name."""
        ...

    @property
    def lan_address(self) -> str:
        """Where it listens."""
        ...

    @property
    def listen_port(self) -> int:
        """The port of its console or page."""
        ...

    @property
    def flash(self) -> Path:
        """The directory that survives a power cut."""
        ...

    @property
    def carriers(self) -> dict[str, CarrierPort]:
        """Name -> the modem's port to the packet core."""
        ...


class Machine(Protocol):
    """A device with power."""

    @property
    def bearer(self) -> Bearer | None:
        """The bearer at this moment."""
        ...

    @property
    def forwarding(self) -> Forwarding:
        """What its configuration makes of the LAN's packets."""
        ...

    async def start(self) -> None:
        """Boot."""
        ...

    async def stop(self) -> None:
        """Shut down in order."""
        ...

    async def power_cut(self) -> None:
        """Lose power."""
        ...


class Front(Protocol):
    """What people and programs on the LAN speak to."""

    async def start(self, host: str, port: int) -> int:
        """Listen; gives the port (useful with port 0)."""
        ...

    async def stop(self) -> None:
        """Stop listening and drop every session."""
        ...


Config = TypeVar("Config", bound=Told)
Device = TypeVar("Device", bound=Machine)


def main(
    load: Callable[[Path], Config],
    make_device: Callable[[Config, Radio], Device],
    make_front: Callable[[Device], Front],
) -> None:
    """Parse arguments and serve the twin that they name.

    Args:
        load: reads a configuration file.
        make_device: the device that has been told so, not yet booted.
        make_front: what it is reached by.
    """
    parser = argparse.ArgumentParser(description="Run one twin.")
    parser.add_argument("--config", type=Path, required=True)
    config = load(parser.parse_args().config)
    asyncio.run(_serve(config, make_device, make_front))


async def _serve(
    config: Config,
    make_device: Callable[[Config, Radio], Device],
    make_front: Callable[[Device], Front],
) -> None:
    """Boot the twin and serve until told to stop."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    radio = SgsnemuRadio(config.carriers, config.flash)
    device = make_device(config, radio)
    radio.obey(lambda: device.forwarding)
    await device.start()
    front = make_front(device)
    await front.start(config.lan_address, config.listen_port)
    relay = await DnsRelay.start(
        config.lan_address, lambda: device.bearer.dns if device.bearer else ()
    )
    print(f"{config.identity}: serving on {config.lan_address}:{config.listen_port}", flush=True)
    await stopping.wait()
    relay.stop()
    await front.stop()
    await device.stop()

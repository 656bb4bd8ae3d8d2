"""Run one twin: `python3 -m lab.twins.ios --config /etc/rekamatan-twin.json`."""

from __future__ import annotations

import argparse
import asyncio
import signal
from pathlib import Path

from lab.twins.engine.dns_relay import DnsRelay
from lab.twins.engine.sgsnemu import SgsnemuRadio
from lab.twins.engine.ssh_server import write_host_key
from lab.twins.engine.terminal import TerminalFront
from lab.twins.ios.config import TwinConfig, load
from lab.twins.ios.device import Device


async def serve(config: TwinConfig) -> None:
    """Boot the twin and serve until told to stop."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    write_host_key(config.host_key_file)
    radio = SgsnemuRadio(config.carriers, config.flash)
    await radio.prepare()
    device = Device(config, radio)
    await device.start()
    front = TerminalFront(device, config.host_key_file)
    await front.start(config.lan_address, config.listen_port)
    relay = await DnsRelay.start(
        config.lan_address, lambda: device.modem.bearer.dns if device.modem.bearer else ()
    )
    print(f"{config.identity}: serving on {config.lan_address}:{config.listen_port}", flush=True)
    await stopping.wait()
    relay.stop()
    await front.stop()
    await device.stop()


def main() -> None:
    """Parse arguments and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    arguments = parser.parse_args()
    asyncio.run(serve(load(arguments.config)))


if __name__ == "__main__":
    main()

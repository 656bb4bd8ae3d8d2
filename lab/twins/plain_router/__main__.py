"""Run a site's routers: `python3 -m lab.twins.plain_router --config /etc/rekamatan-twin.json`.

One machine plays them all. Which router a packet of the LAN was given to shows in the port it came
in by; each has a routing table of its own, so that none of them leads through another's bearer.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from lab.twins.engine.dns_relay import DnsRelay
from lab.twins.engine.sgsnemu import SgsnemuRadio
from lab.twins.plain_router.config import load
from lab.twins.plain_router.router import Router

if TYPE_CHECKING:
    from lab.twins.plain_router.config import RouterConfig, SiteConfig

_TABLE = 100  # of the first router; the others follow
_AFTER_MAIN = 33000


def _steer(number: int, router: RouterConfig) -> None:
    """What comes in by this router's port leaves by its bearer or not at all."""
    table = str(_TABLE + number)
    commands = (
        ("route", "replace", "unreachable", "default", "metric", "9999", "table", table),
        ("rule", "add", "pref", table, "iif", router.port, "lookup", table),
        # Its own questions (DNS), where the machine's cables lead nowhere nearer: after `main`.
        ("rule", "add", "pref", str(_AFTER_MAIN + number), "iif", "lo", "lookup", table),
    )
    for command in commands:
        subprocess.run(["ip", "-4", *command], check=False, capture_output=True)


async def _serve(config: SiteConfig) -> None:
    stopping = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stopping.set)
    routers = []
    for number, told in enumerate(config.routers):
        _steer(number, told)
        radio = SgsnemuRadio(
            config.carriers, config.flash, f"wwan{number}", table=str(_TABLE + number)
        )
        routers.append(Router(told, radio, attach_s=config.attach_s, retry_s=config.retry_s))
    for router in routers:
        router.start()
    first = routers[0]
    # The second router's port gets its cable, and its address with it, later than this starts.
    relay = await DnsRelay.start(
        first.config.address, lambda: first.bearer.dns if first.bearer else ()
    )
    print(f"{config.identity}: {len(routers)} plain routers", flush=True)
    await stopping.wait()
    relay.stop()
    await asyncio.gather(*(router.stop() for router in routers))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Run the plain routers of one site.")
    parser.add_argument("--config", type=Path, required=True)
    asyncio.run(_serve(load(parser.parse_args().config)))

"""The real world behind the transaction's ports, put together for one site."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rekamatan import paths
from rekamatan.agent.credentials import credential
from rekamatan.agent.outlet import HttpOutlet
from rekamatan.agent.surroundings import surroundings
from rekamatan.clock import SystemClock
from rekamatan.modems.registry import open_driver
from rekamatan.records.adapters.site import site_answers
from rekamatan.records.canary import CanaryResult, send_canary
from rekamatan.verify.link import LinkGate
from rekamatan.verify.outage import PingWatch
from rekamatan.verify.store import BaselineStore
from rekamatan.wan.disk import DirectoryDisk
from rekamatan.wan.ports import Ports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rekamatan.agent.credentials import Name
    from rekamatan.models import Site
    from rekamatan.modems.base import ModemDriver


class SiteInterlocks:
    """What the recording server itself knows: captures in progress and room on the disk."""

    def active_captures(self) -> int:
        """Raises `RecordError` when it cannot be known: unknown is not zero."""
        return site_answers().active_captures

    def free_bytes(self) -> int:
        """Room left where the journal is."""
        return shutil.disk_usage(paths.WAN).free


@contextmanager
def driver(site: Site, name: Name) -> Iterator[ModemDriver]:
    """The site's modem, with the user that goes with the credential; closed at the end."""
    given = credential(name)
    reading = name == "modem-read"
    modem = open_driver(site.modem, given.password, given.apn_passwords, read_only=reading)
    try:
        yield modem
    finally:
        modem.close()


def gate(site: Site, modem: ModemDriver) -> LinkGate:
    """The gate on the site's active link."""
    clock = SystemClock()

    def send(size_bytes: int, timeout_s: float, source: str) -> CanaryResult:
        return send_canary(
            site,
            size_bytes,
            tls_dir=paths.TLS,
            source_address=source or None,
            timeout_s=timeout_s,
            clock=clock,
        )

    return LinkGate(
        site=site,
        read_state=modem.read_state,
        send_canary=send,
        store=BaselineStore(paths.VERIFY, clock),
        clock=clock,
        tls_dir=paths.TLS,
    )


@contextmanager
def ports(site: Site) -> Iterator[Ports]:
    """Everything the transaction touches; only where `modem-switch` was given."""
    clock = SystemClock()
    with driver(site, "modem-switch") as modem:
        yield Ports(
            driver=modem,
            gate=gate(site, modem),
            interlocks=SiteInterlocks(),
            disk=DirectoryDisk(paths.WAN),
            clock=clock,
            outage=PingWatch(site.data_centre.ping_host, clock, site.tunnel_interface),
            outlet=HttpOutlet(site.modem_outlet) if site.modem_outlet else None,
            surroundings=surroundings,
        )

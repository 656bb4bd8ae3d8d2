"""Runs the tus server of one role: TLS 1.3 with client certificates, housekeeping, clean stop."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from rekamatan.errors import ConfigError, RecordError
from rekamatan.records.capture_routes import CaptureRoutes
from rekamatan.records.capture_service import capture_desk
from rekamatan.records.incoming import Incoming
from rekamatan.records.ledger_lock import ledger_in_use
from rekamatan.records.peers import site_identity, workstation_of
from rekamatan.records.reception import Reception
from rekamatan.records.spool import Spool
from rekamatan.records.tus import TusServer

if TYPE_CHECKING:
    from rekamatan.models import Site
    from rekamatan.records.settings import IngestSettings, IntakeSettings, Listener

_log = logging.getLogger(__name__)
_MAINTENANCE_S = 3600.0
_KEEP_ALIVE_S = 300.0  # a lane's connection outlives a quiet spell: a handshake costs 1.5 s on VSAT
_SHUTDOWN_S = 5.0
_DAY_S = 86_400.0
_UNFINISHED_PER_SITE = 512  # a fresh record that was cut leaves one, and is resumed within the hour


def serve_site(settings: IntakeSettings, site: Site, tls_dir: Path) -> None:
    """Run the intake on the LAN until told to stop."""
    with ledger_in_use(Path(settings.directory)):
        _serve_spool(settings, site, tls_dir)


def _serve_spool(settings: IntakeSettings, site: Site, tls_dir: Path) -> None:
    directory = Path(settings.directory)
    spool = Spool(directory)
    _log.info("spool: %d records entered from the disk", spool.adopt_payloads())
    incoming = Incoming(directory / "incoming", settings.floor_bytes)
    desk = capture_desk(settings, site, tls_dir, incoming)
    reception = Reception(incoming, spool, accepts_canaries=False, captures=desk)
    server = TusServer(reception, workstation_of(site.slug), settings.max_size)
    app = server.application()
    CaptureRoutes(desk, server.owner).add_to(app)
    asyncio.run(_serve(settings, app, reception))


def serve_data_centre(settings: IngestSettings) -> None:
    """Run the ingest until told to stop; PostgreSQL must answer for it to start."""
    from rekamatan.records.accounts import FOLDER, Accounts  # noqa: PLC0415 - not at sites
    from rekamatan.records.central_ledger import CentralLedger  # noqa: PLC0415 - psycopg: not at sites
    from rekamatan.records.exchange import LedgerExchange  # noqa: PLC0415 - as above
    from rekamatan.records.store import Store, rebuild  # noqa: PLC0415 - as above

    ledger = CentralLedger(settings.dsn)
    store = Store.of(settings, ledger)
    _log.info("store: %d records entered from the disk", len(rebuild(settings.store, ledger)))
    incoming = Incoming(
        Path(settings.directory) / "incoming", settings.floor_bytes, _UNFINISHED_PER_SITE
    )
    reception = Reception(incoming, store, accepts_canaries=True)
    server = TusServer(reception, site_identity, settings.max_size)
    app = server.application()
    accounts = Accounts(Path(settings.directory) / FOLDER, ledger)
    LedgerExchange(ledger, store, accounts).add_routes(app)
    asyncio.run(_serve(settings, app, reception))


def server_tls(settings: Listener) -> ssl.SSLContext:
    """TLS 1.3 only; a client without a certificate of the district CA gets no further."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.num_tickets = 0  # every connection shows its certificate anew
    try:
        context.load_verify_locations(settings.ca)
        context.load_cert_chain(settings.certificate, settings.key)
    except (OSError, ssl.SSLError) as error:
        files = f"{settings.ca}, {settings.certificate}, {settings.key}"
        raise ConfigError(files, "load TLS files", str(error), "apply the role again") from error
    return context


async def _serve(settings: Listener, app: web.Application, reception: Reception) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    # Not decompressed: a record's bytes are what its hash is of, and a small body stays small.
    logging.getLogger("aiohttp.server").addFilter(_OneLine())
    runner = web.AppRunner(
        app, keepalive_timeout=_KEEP_ALIVE_S, access_log=None, auto_decompress=False
    )
    await runner.setup()
    site = web.TCPSite(
        runner,
        *(settings.listen, settings.port),
        ssl_context=server_tls(settings),
        shutdown_timeout=_SHUTDOWN_S,
    )
    await site.start()
    _log.info("listening on %s port %d", settings.listen, settings.port)
    _tell_systemd_ready()
    housekeeping = asyncio.create_task(_maintain(reception, settings.partial_days * _DAY_S))
    await stop.wait()
    housekeeping.cancel()
    await runner.cleanup()


async def _maintain(reception: Reception, partial_life_s: float) -> None:
    while True:
        try:
            for record_id in await asyncio.to_thread(reception.incoming.expire, partial_life_s):
                _log.warning("unfinished upload %s expired", record_id)
            await asyncio.to_thread(reception.archive.maintain)
            if reception.captures is not None:
                await asyncio.to_thread(reception.captures.expire)
        except (OSError, RecordError):
            _log.exception("housekeeping failed; tried again in an hour")
        await asyncio.sleep(_MAINTENANCE_S)


class _OneLine(logging.Filter):
    """What is no HTTP is refused in one line: a traceback each would fill the journal."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep the record, without the traceback of a client's fault."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, (HttpProcessingError, ConnectionError)):
            record.exc_info = record.exc_text = None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            # The first words say what was wrong; the rest is the client's own bytes.
            record.msg, record.args = "%s: %.80r", (record.getMessage(), str(error))
        return True


def _tell_systemd_ready() -> None:
    """`Type=notify`: the unit counts as started once it listens; elsewhere nothing happens."""
    address = os.environ.get("NOTIFY_SOCKET")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            # systemd may give an abstract address, written with @ for the leading zero byte.
            sock.sendto(b"READY=1", address.replace("@", "\0", 1))

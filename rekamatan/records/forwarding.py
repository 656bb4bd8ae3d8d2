"""The forwarder as a service: this site's settings, the active link's stall timer, clean stop."""

from __future__ import annotations

import json
import signal
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from rekamatan import paths
from rekamatan.config import load_site
from rekamatan.records.enquiry import Enquiry
from rekamatan.records.forwarder import Forwarder
from rekamatan.records.lanes import Junction
from rekamatan.records.ledger_lock import ledger_in_use
from rekamatan.records.receipts import ReceiptVerifier
from rekamatan.records.settlement import Settlement
from rekamatan.records.spool import Spool
from rekamatan.records.uplink import Uplink, open_uplink, stall_seconds

if TYPE_CHECKING:
    from rekamatan.models import Site
    from rekamatan.records.digests import Comparison
    from rekamatan.records.settings import IntakeSettings


def forward(settings: IntakeSettings, site_file: Path, tls_dir: Path) -> None:
    """Run until SIGTERM."""
    with ledger_in_use(Path(settings.directory)):
        _forward(settings, load_site(site_file), tls_dir)


def settle_now(
    settings: IntakeSettings, site_file: Path, tls_dir: Path, *, adopt: bool
) -> tuple[Comparison, int]:
    """Settle with the data centre once; with `adopt` what is unknown becomes this site's.

    Returns what differs (after adopting), and how many were adopted.

    Raises:
        LinkBrokenError: the link does not carry it now.
    """
    site = load_site(site_file)
    verifier = ReceiptVerifier.of_site(site)
    settlement = Settlement(Spool(Path(settings.directory)), verifier)
    with closing(site_uplink(site, tls_dir).connect()) as connection:
        enquiry = Enquiry(connection)
        found = settlement.compare(enquiry)
        adopted = settlement.adopt_unknown(enquiry) if adopt else 0
        return (settlement.compare(enquiry) if adopted else found), adopted


def _forward(settings: IntakeSettings, site: Site, tls_dir: Path) -> None:
    forwarder = Forwarder(
        Spool(Path(settings.directory)),
        lambda: site_uplink(site, tls_dir),
        ReceiptVerifier.of_site(site),
        timedelta(days=settings.retention_days),
        Junction(),
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: forwarder.stop())
    forwarder.run()


def site_uplink(site: Site, tls_dir: Path) -> Uplink:
    """To the data centre, with the patience of the link that is active now."""
    return open_uplink(site.data_centre.ingest_url, tls_dir, active_stall_s(site, paths.WAN))


def active_stall_s(site: Site, wan_directory: Path) -> float:
    """The stall timer of the profile the last switch left active.

    Not known (no switch yet, or not for this user to read): the most patient of the site's links,
    for a timer that is too short cuts a slow link, while one too long only notices a cut later.
    """
    try:
        known_good = json.loads((wan_directory / "known-good.json").read_bytes())
        return stall_seconds(site.profiles[known_good["profile"]].limits)
    except (OSError, ValueError, TypeError, KeyError):
        return max(stall_seconds(profile.limits) for profile in site.profiles.values())

"""The forwarder as a service: this site's settings, the active link's stall timer, clean stop."""

from __future__ import annotations

import json
import signal
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from rekamatan import paths
from rekamatan.config import load_site
from rekamatan.records.forwarder import Forwarder
from rekamatan.records.lanes import Junction
from rekamatan.records.receipts import ReceiptVerifier
from rekamatan.records.spool import Spool
from rekamatan.records.uplink import Uplink, open_uplink, stall_seconds

if TYPE_CHECKING:
    from rekamatan.models import Site
    from rekamatan.records.settings import IntakeSettings


def forward(settings: IntakeSettings, site_file: Path, tls_dir: Path) -> None:
    """Run until SIGTERM."""
    site = load_site(site_file)
    forwarder = Forwarder(
        Spool(Path(settings.directory)),
        lambda: site_uplink(site, tls_dir),
        ReceiptVerifier(site.data_centre.receipt_public_key, site.slug),
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

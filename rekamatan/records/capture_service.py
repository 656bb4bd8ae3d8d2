"""The capture desk of a running intake: this site's policy, its link, its disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rekamatan.records.captures import CaptureDesk
from rekamatan.records.forwarding import site_uplink
from rekamatan.records.link_watch import LinkWatch

if TYPE_CHECKING:
    from rekamatan.models import Site
    from rekamatan.records.incoming import Incoming
    from rekamatan.records.settings import IntakeSettings


def capture_desk(
    settings: IntakeSettings, site: Site, tls_dir: Path, incoming: Incoming
) -> CaptureDesk:
    """The desk; with `online_only` a thread asks the data centre for as long as the process lives.

    With `allowed` nothing is asked: the link is for records.
    """
    online_only = site.store_and_forward == "online_only"
    watch = LinkWatch(lambda: site_uplink(site, tls_dir))
    if online_only:
        watch.start()
    return CaptureDesk(Path(settings.directory), incoming.room, watch.online, online_only)

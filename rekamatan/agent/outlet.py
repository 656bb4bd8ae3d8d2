"""A switched outlet on the office's LAN that can cut the modem's power.

Shelly, both generations: the outlet itself switches on again, so a server that dies in these
seconds leaves no modem in the dark. Facts: shelly-api-docs.shelly.cloud, gen1
`/relay/N?turn=&timer=` and gen2 `Switch.Set` with `toggle_after`; both take seconds.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import TYPE_CHECKING

from rekamatan.errors import DeviceError

if TYPE_CHECKING:
    from rekamatan.models import Outlet

OFF_S = 10
ANSWER_S = 10.0
REQUESTS = {
    "shelly1": "/relay/{channel}?turn=off&timer={off_s}",
    "shelly2": "/rpc/Switch.Set?id={channel}&on=false&toggle_after={off_s}",
}


class HttpOutlet:
    """The `Outlet` port.

    Args:
        outlet: where it is and how it is spoken to.
    """

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet

    def cycle(self) -> None:
        """Off now, on again after `OFF_S`. Raises `DeviceError` when it did not say yes."""
        path = REQUESTS[self._outlet.kind].format(channel=self._outlet.channel, off_s=OFF_S)
        url = f"http://{self._outlet.host}{path}"
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with direct.open(url, timeout=ANSWER_S) as answer:
                answer.read(4096)
        except (urllib.error.URLError, OSError) as error:
            hint = "check that the outlet is on the office's network"
            subject = f"outlet {self._outlet.host}"
            raise DeviceError(subject, "cut the modem's power", str(error), hint) from error

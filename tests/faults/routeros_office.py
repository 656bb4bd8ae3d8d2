"""A site on a RouterOS 7 twin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contract import twin_case
from tests.faults.office import Office

if TYPE_CHECKING:
    from lab.twins.harness import RunningTwin
    from rekamatan.models import ModemAccess


class RouterosOffice(Office):
    """Goes from indosat in slot up to telkomsel in slot down."""

    twin: RunningTwin
    password = twin_case.PASSWORD
    home, away = twin_case.INDOSAT, twin_case.TELKOMSEL

    def access(self) -> ModemAccess:
        return twin_case.access(self.twin)

    def active(self) -> tuple[str, str, bool]:
        """Profile, slot and whether a timer of ours is left, as the device has them."""
        timers = self.twin.console(':put [:len [/system scheduler find on-event~"wanrb-"]]')
        return (*twin_case.active(self.twin), timers != "0")

"""RouterOS 6 LTE routers, 6.41 and later: APN profiles exist since then."""

from __future__ import annotations

from typing import ClassVar

from rekamatan.modems.routeros import Dialect, RouterosDriver


class Routeros6Driver(RouterosDriver):
    """`lte info`, the SIM slot in a menu that moved in 6.45.1, secrets in a plain `/export`."""

    platform: ClassVar[str] = "routeros6"
    dialect: ClassVar[Dialect] = Dialect("routeros6", (6, 41), 6, "/export hide-sensitive")

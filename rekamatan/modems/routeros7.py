"""RouterOS 7 LTE routers: LtAP mini, SXT R, wAP R, Chateau."""

from __future__ import annotations

from typing import ClassVar

from rekamatan.modems.routeros import Dialect, RouterosDriver


class Routeros7Driver(RouterosDriver):
    """`lte monitor`, `lte settings`, device-mode, and profiles that ignore their APN by default."""

    platform: ClassVar[str] = "routeros7"
    dialect: ClassVar[Dialect] = Dialect("routeros7", (7, 1), 7, "/export")

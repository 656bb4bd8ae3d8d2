"""RouterOS 7: the twin of an LtAP mini with an EG18, over SSH."""

from __future__ import annotations

from rekamatan.modems.routeros7 import Routeros7Driver
from tests.contract.routeros_twin import routeros_bench

BENCH = routeros_bench(Routeros7Driver, "7.24 (stable)")

"""RouterOS 6: the twin of an LtAP mini with an R11e-LTE, over SSH."""

from __future__ import annotations

from rekamatan.modems.routeros6 import Routeros6Driver
from tests.contract.routeros_twin import routeros_bench

BENCH = routeros_bench(Routeros6Driver, "6.49.10 (long-term)")

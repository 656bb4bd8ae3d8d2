"""Run one twin: `python3 -m lab.twins.routeros7 --config /etc/rekamatan-twin.json`."""

from __future__ import annotations

from lab.twins.routeros7.config import VERSION_7
from lab.twins.routeros7.serve import main

if __name__ == "__main__":
    main(VERSION_7)

"""Run one twin: `python3 -m lab.twins.rutos --config /etc/rekamatan-twin.json`."""

from lab.twins.openwrt.__main__ import main

if __name__ == "__main__":
    main("rutos")

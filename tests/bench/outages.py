"""`python -m tests.bench.outages`: 5 MB at 128 kbit/s, 75 s without a link after every two minutes.

Real time, some eight minutes: TCP's own timers are half of what is measured. Exit 1 unless the
record is acknowledged, the bytes are the same, and little went up twice.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from typing import TYPE_CHECKING

from lab.shell import run
from tests.bench.station import Station
from tests.soak.district import SoakDistrict
from tests.soak.verdict import judge

if TYPE_CHECKING:
    from tests.soak.nodes import Office

PROFILE = "jarkomdat_128k"
RECORD_BYTES = 5_000_000
UP_S, DOWN_S = 120.0, 75.0
LIMIT_S = 900.0
MOST_SENT_AGAIN = 100_000  # for each outage
# Headers of IP and TCP (52 of 1400 bytes) and of TLS (22 of 8214).
OVERHEAD = 1400 / 1348 * 8214 / 8192


def main() -> int:
    """Run once; 0 when it came through."""
    with SoakDistrict([PROFILE], seed=1, no_fsync=False, centre_megabytes=1_000) as district:
        district.start()
        district.set_links(1.0)
        [office] = district.offices
        done = threading.Event()
        outages = threading.Thread(target=_weather, args=(district, office, done))
        before = _bytes_up(office)
        outages.start()
        station = Station(district, office)
        [captured] = station.capture(RECORD_BYTES)
        seconds = station.seconds_to_receipt(captured, LIMIT_S)
        sent = _bytes_up(office) - before
        done.set()
        outages.join()
        district.tell_carriers(free=True)
        verdict = judge(district)
    count = int(seconds // (UP_S + DOWN_S)) if seconds else 0
    again = sent - RECORD_BYTES * OVERHEAD
    report = {"seconds": seconds, "outages": count, "ip_bytes_up": sent, "again": round(again)}
    print(json.dumps(report | {"lost": verdict.lost, "altered": verdict.altered}))  # noqa: T201 - a program
    good = seconds is not None and verdict.green and again <= MOST_SENT_AGAIN * max(count, 1)
    return 0 if good else 1


def _weather(district: SoakDistrict, office: Office, done: threading.Event) -> None:
    while not done.wait(UP_S):
        district.tell_carriers(site=office.slug, down=True)
        down = time.monotonic()
        done.wait(DOWN_S)
        print(f"link was down for {time.monotonic() - down:.0f} s", flush=True)  # noqa: T201 - as above
        district.tell_carriers(site=office.slug, down=False)


def _bytes_up(office: Office) -> int:
    shown = run(["ip", "-n", office.namespace, "-s", "-j", "link", "show", "wan0"])
    return int(json.loads(shown.stdout)[0]["stats64"]["tx"]["bytes"])


if __name__ == "__main__":
    sys.exit(main())

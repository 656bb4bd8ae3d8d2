"""Every durable step between a record's first byte and its purge, on both sides, in their order.

A step is named by what is done and to what kind of file; `tests.soak.planted` gives the same names
to what a service does. What is true after one step is true before the next, but for what the disk
was not told to keep: a cut falls on either side of each.
"""

from __future__ import annotations

_ARRIVE = (
    *("fsync incoming/*.tmp", "replace incoming/*.tmp", "fsync incoming"),  # what was announced
    *("fdatasync incoming/*.part", "utime incoming/*.part", "fsync incoming/*.part"),
    "rename incoming/*.part",
)
_CLEAR = ("commit record", "unlink incoming/*.part", "unlink incoming/*.json")
PURGE = ("fsync receipts/*.json", "unlink sent/*.rec")
STEPS: dict[str, tuple[str, ...]] = {
    "intake": (*_ARRIVE, "fsync spool", *_CLEAR),
    "forwarder": (
        "commit attempt",
        *("fsync receipts/*.tmp", "replace receipts/*.tmp", "fsync receipts", "commit receipt"),
        *("rename spool/*.rec", "fsync sent", "fsync spool"),
        *PURGE,
    ),
    "ingest": (*_ARRIVE, "fsync day", *_CLEAR),
}
SIDES = ("before", "after")


def plan() -> list[tuple[str, str, str]]:
    """(service, side, step): all there is to cut at."""
    return [
        (service, side, step)
        for service, steps in STEPS.items()
        for step in steps
        for side in SIDES
    ]

"""Bringing a release to a site and starting it there: ask once, send what differs, start."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from rekamatan.errors import RefusedError, RekamatanError
from rekamatan.fleet.follow import LinkLostError, answer, reach
from rekamatan.fleet.receiver import RUNS
from rekamatan.fleet.release import BATCH_BYTES, batches, collect, final_batch

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rekamatan.fleet.follow import Channel, Patience
    from rekamatan.fleet.release import Release

ROOT = "/opt/rekamatan"
CHECK_ROOT = "/var/tmp/rekamatan-check-"  # noqa: S108 - made and removed as root, named by run
NEEDED_BYTES = 400 * 10**6


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one site is to get."""

    site: str
    project: Path
    wheelhouse: Path
    variables: Mapping[str, Any]
    run_id: str
    check: bool = False
    diff: bool = False

    @property
    def work(self) -> str:
        """Where the release is built at the site; a check builds it aside."""
        return f"{CHECK_ROOT}{self.run_id}" if self.check else ROOT


def deliver(delivery: Delivery, channel: Channel, patience: Patience) -> str:
    """Deliver and start; the run directory at the site, to be followed.

    A site that already applies exactly this is followed, not disturbed.

    Raises:
        LinkLostError: the site could not be reached at all; nothing was sent.
        RefusedError: another apply is running there.
        UnknownOutcomeError: the link died and did not come back before the deadline.
    """
    site = delivery.site
    arguments = ["ask", ROOT, delivery.work]
    told = reach(partial(channel.call, arguments), channel.reset, patience.clock)
    facts = answer(site, "ask what it has", told)
    _require(site, facts)
    release = collect(delivery.project, delivery.wheelhouse, facts["python"], facts["machine"])
    order = _order(delivery, release)
    running = facts["running"]
    if running is not None:
        if running.get("content") != order["content"]:
            raise RefusedError(
                site,
                "apply",
                "another apply is running there",
                "wait for it, or look with `status`",
            )
        return str(RUNS / running["run_id"])
    _send(delivery, release, facts["has"], order, _Persistent(channel, patience))
    return str(RUNS / delivery.run_id)


@dataclass(frozen=True, slots=True)
class _Persistent:
    """A channel that is asked again while the link is down."""

    channel: Channel
    patience: Patience

    def call(self, action: str, arguments: list[str], payload: bytes = b"") -> dict[str, Any]:
        attempt = partial(self.channel.call, arguments, payload)
        text = self.patience.ask(action, attempt, self.channel.reset)
        return answer(self.patience.site, action, text)


def _send(
    delivery: Delivery,
    release: Release,
    has: list[str],
    order: dict[str, Any],
    channel: _Persistent,
) -> None:
    missing = release.missing(has)
    small: list[str] = []
    size = 0
    for path in missing:  # smallest first: what fits travels with the order to start
        size += release.files[path].stat().st_size
        if size > BATCH_BYTES:
            break
        small.append(path)
    arguments = ["deliver", ROOT, delivery.work]
    for payload in batches(release, missing[len(small) :]):
        channel.call("send files", arguments, payload)
    last = final_batch(release, small, delivery.variables, order)
    _start(channel, arguments, last, order)


def _start(
    channel: _Persistent, arguments: list[str], payload: bytes, order: dict[str, Any]
) -> None:
    """Send the order to start, once: after a lost link ask first whether it arrived."""
    try:
        text = channel.channel.call(arguments, payload)
    except LinkLostError:
        channel.channel.reset()
        run_directory = str(RUNS / order["run_id"])
        news = channel.call("ask whether it started", ["follow", run_directory, "0", "0"])
        if news["state"] == "lost":
            channel.call("start the apply", arguments, payload)
        return
    answer(channel.patience.site, "start the apply", text)


def _order(delivery: Delivery, release: Release) -> dict[str, Any]:
    options = [f"--root={delivery.work}", "--lang=en"]
    options += ["--check"] if delivery.check else []
    options += ["--diff"] if delivery.diff else []
    content = json.dumps([release.release_id, options[2:], delivery.variables], sort_keys=True)
    return {
        "run_id": delivery.run_id,
        "options": options,
        "content": hashlib.sha256(content.encode()).hexdigest(),
        "remove": delivery.work if delivery.check else "",
    }


def _require(site: str, facts: dict[str, Any]) -> None:
    """Refuse with a reason before anything is sent."""
    if facts["uid"] != 0:
        raise RekamatanError(
            site,
            "apply",
            "the login does not become root there",
            "set ansible_become for group sites, or give the user sudo",
        )
    if facts["free_bytes"] < NEEDED_BYTES:
        raise RekamatanError(
            site,
            "apply",
            f"only {facts['free_bytes'] // 10**6} MB free under {ROOT}, 400 MB needed",
            "remove what is not needed there",
        )

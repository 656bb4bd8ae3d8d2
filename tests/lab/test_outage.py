"""What a good switch costs the office: with one radio, and where two bearers are up at once.

Wants a lab in which one office has two routers and one has a modem: `tools/outage` raises it,
provisions it and runs this. The links lose nothing by themselves while it is measured.
"""

from __future__ import annotations

import json
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from lab import state
from lab.errors import LabError
from lab.topology import DATA_CENTRE
from tests.lab.district import (
    CHECKOUT,
    INVENTORY,
    SERIES,
    VAULT_PASSWORD,
    console,
    environment,
    fault,
)
from tests.lab.pinging import Heard, LongPing, attach_s

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.lab

BEYOND_ATTACH_S = 3.0
CARRIERS = ("indosat", "telkomsel")
SETTLE_S = 3.0  # pings before and after the switch, so that its edges are seen


def offices() -> dict[str, bool]:
    """Slug -> whether its server chooses between two routers."""
    try:
        district = state.load()
    except LabError:
        pytest.skip("no lab is raised: run tools/outage")
    return {site.slug: bool(site.uplinks) for site in district.sites}


def office(*, two: bool) -> str:
    found = [slug for slug, has_two in offices().items() if has_two is two]
    if not found:
        pytest.skip(f"no office with {'two bearers' if two else 'one radio'}: run tools/outage")
    return found[0]


@pytest.fixture(autouse=True)
def lossless() -> Iterator[None]:
    for carrier in CARRIERS:
        fault("slow-link", carrier, "--profile", "bench_lossless")
    yield
    for carrier in CARRIERS:
        fault("slow-link", carrier, "--restore")
        fault("cut-carrier", carrier, "--restore")


def active(site: str) -> str:
    done = console(f"server-{site}", "rekamatan", "verify", "--no-canary", "--json")
    return str(json.loads(done.output[done.output.index("{") :])["profile"])


def switch(site: str, number: int, *, to: str = "") -> dict[str, Any]:
    """At the site's own console, to the other carrier; the outcome."""
    target = to or next(name for name in CARRIERS if name != active(site))
    words = ("--profile", target, "--change-order", f"470/{number}/UJI-{SERIES}", "--json")
    done = console(f"server-{site}", "rekamatan", "wan", "switch", *words)
    outcome: dict[str, Any] = json.loads(done.output[done.output.index("{") :])
    return outcome


@contextmanager
def pinging(site: str) -> Iterator[dict[str, Heard]]:
    """Five a second from the site to the data centre, and five back through the tunnel.

    The latter as the controller has it: the hub knows the new way only when the site has spoken.
    """
    district = state.load()
    running = {
        "direct": LongPing(f"server-{site}", district.service_address),
        "tunnel": LongPing(DATA_CENTRE, district.site(site).tunnel_address),
    }
    found: dict[str, Heard] = {}
    try:
        time.sleep(SETTLE_S)
        yield found
        time.sleep(SETTLE_S)
    finally:
        found.update({name: ping.stop() for name, ping in running.items()})


@contextmanager
def held_session(site: str, seconds: int = 75) -> Iterator[None]:
    """A TCP session of the controller's, through the tunnel, that says something at its end."""
    argv = ["ansible", "-i", str(INVENTORY), "--vault-password-file", str(VAULT_PASSWORD), site]
    words = ["-m", "ansible.builtin.raw", "-a", f"sleep {seconds}; echo still-here"]
    with subprocess.Popen(
        [*argv, *words], cwd=CHECKOUT, env=environment(), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as session:  # fmt: skip
        time.sleep(SETTLE_S)
        yield
        text, _ = session.communicate(timeout=seconds + 120)
    assert session.returncode == 0, text
    assert "still-here" in text


def say(site: str, heard: dict[str, Heard], **more: float) -> None:
    figures = {f"{name} outage": round(h.outage_s, 2) for name, h in heard.items()}
    lost = {f"{name} lost": f"{h.lost} of {h.sent}" for name, h in heard.items()}
    rest = {name: round(value, 2) for name, value in more.items()}
    print(f"\n{site}: {figures | lost | rest}")  # noqa: T201 - the figures are the point


@pytest.mark.parametrize("number", [301, 302])
def test_one_radio_is_out_hardly_longer_than_its_modem_attaches(number: int) -> None:
    site = office(two=False)
    since = time.time()
    with held_session(site), pinging(site) as heard:
        outcome = switch(site, number)
    assert (outcome["state"], outcome["active"]) == ("committed", outcome["target"]), outcome
    took = attach_s(site, since)
    say(site, heard, attach=took)
    assert heard["direct"].lost > 0, "one radio cannot change carriers without a lost ping"
    assert heard["direct"].outage_s - took <= BEYOND_ATTACH_S
    assert heard["tunnel"].outage_s - took <= BEYOND_ATTACH_S


@pytest.mark.parametrize("number", [311, 312])
def test_two_bearers_lose_no_ping(number: int) -> None:
    site = office(two=True)
    with held_session(site), pinging(site) as heard:
        outcome = switch(site, number)
    say(site, heard)
    assert (outcome["state"], outcome["active"]) == ("committed", outcome["target"]), outcome
    second = next(check for check in outcome["checks"] if check["name"] == "second_path")
    assert second["ok"], second
    assert heard["direct"].sent > 5 * SETTLE_S
    assert (heard["direct"].lost, heard["tunnel"].lost) == (0, 0)


def test_a_bearer_that_is_not_fit_is_refused_and_no_ping_is_lost() -> None:
    site = office(two=True)
    before = active(site)
    target = next(name for name in CARRIERS if name != before)
    fault("cut-carrier", target, "--site", site)
    with pinging(site) as heard:
        outcome = switch(site, 313, to=target)
    say(site, heard)
    assert (outcome["state"], outcome["active"]) == ("refused", before), outcome
    assert outcome["reason"].startswith("target_bearer_unfit")
    assert (heard["direct"].lost, heard["tunnel"].lost) == (0, 0)

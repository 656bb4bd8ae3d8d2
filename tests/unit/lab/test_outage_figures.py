"""The arithmetic of the outage figures, and routers that attach by themselves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from lab.shell import comes_true
from lab.twins.engine.radio import MemoryRadio, SimCard
from lab.twins.plain_router.config import RouterConfig
from lab.twins.plain_router.router import Router
from tests.lab.pinging import heard

if TYPE_CHECKING:
    from collections.abc import Callable

REPLY = "[{at}] 64 bytes from 198.51.100.10: icmp_seq={n} ttl=62 time=61.2 ms\n"
SIM = SimCard("8962", "51001", "indosat", "51001")


def ping(moments: dict[int, float], sent: int) -> str:
    replies = "".join(REPLY.format(at=f"{at:.6f}", n=number) for number, at in moments.items())
    sums = f"{sent} packets transmitted, {len(moments)} received, 0% packet loss, time 1ms\n"
    return replies + "\n--- 198.51.100.10 ping statistics ---\n" + sums


async def seen(true: Callable[[], bool]) -> None:
    assert await asyncio.to_thread(comes_true, true, 10.0, 0.01)


def test_nothing_lost() -> None:
    found = heard(ping({n: 100 + n / 5 for n in range(1, 51)}, 50))
    assert (found.sent, found.lost) == (50, 0)
    assert found.outage_s < 0.001


def test_an_outage_is_counted_and_measured() -> None:
    moments = {n: 100 + n / 5 for n in range(1, 51) if not 20 <= n < 30}
    found = heard(ping(moments, 50))
    assert (found.sent, found.lost) == (50, 10)
    assert round(found.outage_s, 3) == 2.0


def test_answers_out_of_order_or_twice_are_no_loss() -> None:
    text = ping({1: 100.2, 3: 100.6, 2: 100.61}, 3) + REPLY.format(at="100.7", n=2)
    assert heard(text).lost == 0


def test_what_was_on_the_way_at_the_end_is_not_lost() -> None:
    assert heard(ping({1: 100.2, 2: 100.4}, 4)).lost == 0


def test_a_router_attaches_again_when_its_bearer_is_lost_or_refused() -> None:
    async def scenario() -> list[tuple[str, str]]:
        radio = MemoryRadio({"indosat": set()})
        told = RouterConfig("lan1", "192.168.201.1", "internet", SIM)
        router = Router(told, radio, attach_s=0.01, retry_s=0.01)
        router.start()
        await seen(lambda: len(radio.attempts) >= 2)  # it is refused, and asks again
        assert router.bearer is None
        radio.apns["indosat"].add("internet")
        for gaps in range(2):
            await seen(lambda: router.bearer is not None)
            radio.lose()
            await seen(lambda count=gaps: router.gaps > count)
        await router.stop()
        return radio.attempts

    assert len(asyncio.run(asyncio.wait_for(scenario(), 20))) >= 4

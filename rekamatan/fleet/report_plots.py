"""Small plots of one measurement before and after, on one scale for the whole district."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rekamatan.fleet.report_data import probe_limit, probe_value
from rekamatan.fleet.report_words import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rekamatan.fleet.report_data import SiteReport
    from rekamatan.language import Language

BAR_WIDTH = 84.0
HEADROOM = 1.02  # a limit on the very edge would not be seen


@dataclass(frozen=True, slots=True)
class Metric:
    """One column of plots."""

    key: str  # of `report_words.PAGE`
    probe: str
    unit: str
    decimals: int
    floor: bool = False  # the limit is a lower one


METRICS = (
    Metric("loss", "ping.loss", "%", 1),
    Metric("latency", "ping.rtt", "ms", 0),
    Metric("throughput", "canary.throughput", "kbit/s", 0, floor=True),
)


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its length in pixels (None: not measured) and its text."""

    width: float | None
    text: str
    good: bool | None  # within the limit; None when there is no limit to compare with


@dataclass(frozen=True, slots=True)
class Plot:
    """Before above after, and a line where the limit is."""

    before: Bar
    after: Bar
    limit: float | None
    limit_text: str
    unit: str


def draw_plots(sites: Sequence[SiteReport], lang: Language) -> dict[str, list[Plot]]:
    """For each metric one plot per site, in the order of the sites."""
    return {metric.key: _column(sites, metric, lang) for metric in METRICS}


@dataclass(frozen=True, slots=True)
class Median:
    """What the district as a whole got: the medians of one metric, and bars in percent."""

    key: str
    unit: str
    before: str
    after: str
    before_percent: float
    after_percent: float


def medians(sites: Sequence[SiteReport], lang: Language) -> list[Median]:
    """One `Median` per metric that was measured before and after at any site."""
    found = []
    for metric in METRICS:
        pairs = [
            (before, after)
            for site in sites
            if (before := probe_value(site.before, metric.probe)) is not None
            and (after := probe_value(site.after, metric.probe)) is not None
        ]
        if pairs:
            before, after = (statistics.median(values) for values in zip(*pairs, strict=True))
            percent = 100 / (max(before, after) or 1.0)
            found.append(
                Median(
                    key=metric.key,
                    unit=metric.unit,
                    before=number(before, lang, metric.decimals),
                    after=number(after, lang, metric.decimals),
                    before_percent=round(before * percent, 1),
                    after_percent=round(after * percent, 1),
                )
            )
    return found


def _column(sites: Sequence[SiteReport], metric: Metric, lang: Language) -> list[Plot]:
    measured = [
        value
        for site in sites
        for gate in (site.before, site.after)
        for value in (probe_value(gate, metric.probe), probe_limit(gate, metric.probe))
        if value is not None
    ]
    scale = BAR_WIDTH / (max([*measured, 0.0]) * HEADROOM or 1.0)
    return [_plot(site, metric, scale, lang) for site in sites]


def _plot(site: SiteReport, metric: Metric, scale: float, lang: Language) -> Plot:
    limit = probe_limit(site.after, metric.probe)
    if limit is None:
        limit = probe_limit(site.before, metric.probe)

    def bar(value: float | None) -> Bar:
        if value is None:
            return Bar(None, "–", None)  # noqa: RUF001 - an en dash, as tables have it
        good = None if limit is None else (value >= limit if metric.floor else value <= limit)
        return Bar(round(value * scale, 1), number(value, lang, metric.decimals), good)

    return Plot(
        before=bar(probe_value(site.before, metric.probe)),
        after=bar(probe_value(site.after, metric.probe)),
        limit=None if limit is None else round(limit * scale, 1),
        limit_text="" if limit is None else number(limit, lang, metric.decimals),
        unit=metric.unit,
    )

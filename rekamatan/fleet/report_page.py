"""From a rollout to the page: sentences and rows, then the template. No device, no network."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2

import rekamatan
from rekamatan.fleet.ledger import SiteState
from rekamatan.fleet.report_carriers import WORDS as CARRIER_WORDS
from rekamatan.fleet.report_carriers import Carrier, carriers
from rekamatan.fleet.report_map import draw_map
from rekamatan.fleet.report_plots import METRICS, Plot, draw_plots, medians
from rekamatan.fleet.report_words import (
    ALL_DONE,
    LOST,
    NO_LOSS,
    ON_THE_WAY,
    PAGE,
    SOME_DONE,
    STATES,
    duration,
    number,
    period,
    probe_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rekamatan.fleet.report_data import Rollout, SiteReport
    from rekamatan.language import Language
    from rekamatan.models import Probe

LEGEND_ORDER = sorted(SiteState, key=lambda state: state is not SiteState.VERIFIED)
MAX_REASONS = 4  # in the list of what to do; the rest stands in the measurements


@dataclass(frozen=True, slots=True)
class Measurement:
    """One line of a site's measurements, before and after."""

    name: str
    before: str
    after: str
    limit: str
    good: bool | None


@dataclass(frozen=True, slots=True)
class Row:
    """One site on the page."""

    site: SiteReport
    label: str
    meaning: str
    next_step: str
    reasons: tuple[str, ...]
    plots: dict[str, Plot]
    outage: str
    records: str
    gap: str
    measurements: tuple[Measurement, ...]
    carriers: tuple[Carrier, ...]


def headline(rollout: Rollout, lang: Language) -> str:
    """The one sentence a reader in a hurry needs."""
    total, verified = len(rollout.sites), len(rollout.verified)
    words = {"total": total, "verified": verified, "profile": rollout.profile.capitalize()}
    phrase = ALL_DONE if verified == total else SOME_DONE
    return phrase(lang, **words, open=total - verified)


def records_sentence(rollout: Rollout, lang: Language) -> str:
    """What became of the records made during the rollout; empty when none was counted."""
    captured = sum(site.captured or 0 for site in rollout.sites)
    if not captured:
        return ""
    waiting = captured - sum(site.acknowledged or 0 for site in rollout.sites)
    counts = {name: number(value, lang) for name, value in _counts(rollout, captured, waiting)}
    if rollout.lost:
        return LOST(lang, **counts)
    return (ON_THE_WAY if waiting > 0 else NO_LOSS)(lang, **counts)


def rows(rollout: Rollout, lang: Language) -> list[Row]:
    """The sites in the order of their codes."""
    plots = draw_plots(rollout.sites, lang)
    return [
        _row(rollout, site, {m.key: plots[m.key][index] for m in METRICS}, lang)
        for index, site in enumerate(rollout.sites)
    ]


def render_page(rollout: Rollout, lang: Language) -> str:
    """The whole report as one HTML text that needs nothing else."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_templates()),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2").render(
        rollout=rollout,
        lang=lang,
        headline=headline(rollout, lang),
        lead=records_sentence(rollout, lang),
        medians=medians(rollout.sites, lang),
        rows=rows(rollout, lang),
        metrics=METRICS,
        map=draw_map(rollout.sites),
        tiles=_tiles(rollout, lang),
        states=_legend(rollout, lang),
        when=period(rollout.started, rollout.finished, lang),
        say={key: phrase(lang) for key, phrase in (PAGE | CARRIER_WORDS).items()},
        SiteState=SiteState,
    )


def _templates() -> Path:
    """Inside the wheel they lie in the package, in a checkout beside it."""
    package = Path(rekamatan.__file__).parent
    inside = package / "templates" / "report"
    return inside if inside.is_dir() else package.parent / "templates" / "report"


def _counts(rollout: Rollout, captured: int, waiting: int) -> Iterator[tuple[str, int]]:
    yield "captured", captured
    yield "waiting", waiting
    yield "lost", rollout.lost or 0


def _tiles(rollout: Rollout, lang: Language) -> list[tuple[str, str, bool]]:
    """(figure, caption, whether it is good) for the row of figures on top."""
    captured = sum(site.captured or 0 for site in rollout.sites)
    acknowledged = sum(site.acknowledged or 0 for site in rollout.sites)
    outages = [site.outage_s for site in rollout.sites if site.outage_s is not None]
    done, total = len(rollout.verified), len(rollout.sites)
    of = PAGE["of"](lang)
    unknown = PAGE["not_measured"](lang)
    lost, gap = rollout.lost, rollout.largest_gap_s
    return [
        (f"{done} {of} {total}", PAGE["verified"](lang), done == total),
        (
            f"{number(acknowledged, lang)} {of} {number(captured, lang)}",
            PAGE["records_tile"](lang),
            acknowledged == captured,
        ),
        (unknown if lost is None else number(lost, lang), PAGE["lost_tile"](lang), not lost),
        (unknown if gap is None else duration(gap, lang), PAGE["gap_tile"](lang), True),
        (
            duration(max(outages), lang) if outages else unknown,
            PAGE["outage_tile"](lang),
            True,
        ),
    ]


def _legend(rollout: Rollout, lang: Language) -> list[tuple[SiteState, str, int]]:
    """States that occur, the good end first, with their number of sites."""
    counted = dict.fromkeys(LEGEND_ORDER, 0)
    for site in rollout.sites:
        counted[site.state] += 1
    return [(state, STATES[state].label(lang), n) for state, n in counted.items() if n]


def _row(rollout: Rollout, site: SiteReport, plots: dict[str, Plot], lang: Language) -> Row:
    words = STATES[site.state]
    target = site.outcome.target if site.outcome else rollout.profile
    order = shlex.quote(rollout.change_order) if rollout.change_order else "''"
    fields = {"site": site.slug, "profile": target, "order": order}
    counted = site.captured is not None and site.acknowledged is not None
    return Row(
        site=site,
        label=words.label(lang),
        meaning=words.meaning(lang),
        next_step=words.next_step(lang, **fields),
        reasons=tuple(_reasons(site, lang))[:MAX_REASONS],
        plots=plots,
        outage=duration(site.outage_s, lang),
        records=f"{site.acknowledged} / {site.captured}" if counted else "",
        gap=duration(site.recording.largest_gap_s, lang) if site.recording else "",
        measurements=tuple(_measurements(site, lang)),
        carriers=tuple(carriers(site, lang)),
    )


def _reasons(site: SiteReport, lang: Language) -> Iterator[str]:
    """What failed, in the reader's words; then the site's own sentence."""
    if site.state is SiteState.VERIFIED:
        return
    gate = (site.outcome.gate if site.outcome else None) or site.after
    for probe in gate.probes if gate else ():
        if probe.ok is False:
            limit = f" ({PAGE['limit'](lang)} {_value(probe.limit, probe, lang)})"
            text = f"{probe_name(probe.name, lang)}: {_value(probe.value, probe, lang)}"
            yield text + (limit if probe.limit is not None else "")
    if site.outcome and site.outcome.reason:
        yield f"{PAGE['note'](lang)}: {site.outcome.reason}"


def _measurements(site: SiteReport, lang: Language) -> Iterator[Measurement]:
    before = {probe.name: probe for probe in (site.before.probes if site.before else ())}
    after = {probe.name: probe for probe in (site.after.probes if site.after else ())}
    # The order in which the gate measured; what only one side has comes where it stands there.
    names = dict.fromkeys(
        name for pair in zip_longest(after, before) for name in pair if name is not None
    )
    for name in names:
        latest = after.get(name) or before[name]
        yield Measurement(
            name=probe_name(name, lang),
            before=_value(before[name].value, before[name], lang) if name in before else "–",  # noqa: RUF001
            after=_value(after[name].value, after[name], lang) if name in after else "–",  # noqa: RUF001
            limit="" if latest.limit is None else _value(latest.limit, latest, lang),
            good=latest.ok,
        )


def _value(value: float | str | None, probe: Probe, lang: Language) -> str:
    if value is None:
        return {True: "✓", False: "✗", None: "–"}[probe.ok]  # noqa: RUF001 - an en dash
    if isinstance(value, str):
        return value
    decimals = 0 if value == int(value) or abs(value) >= 100 else 1  # noqa: PLR2004 - three digits
    return f"{number(value, lang, decimals)} {probe.unit}".strip()

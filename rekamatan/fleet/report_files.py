"""The report's other forms: a table for the terminal, JSON for programs, JUnit for CI."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from rekamatan.fleet.ledger import SiteState
from rekamatan.fleet.report_page import headline, records_sentence, render_page, rows
from rekamatan.fleet.report_plots import METRICS
from rekamatan.fleet.report_words import PAGE, STATES
from rekamatan.plain import to_plain
from rekamatan.records.durable import make_directory, write_durably

if TYPE_CHECKING:
    from pathlib import Path

    from rekamatan.fleet.report_data import Rollout, SiteReport
    from rekamatan.language import Language

FAILURES = {SiteState.PREFLIGHT_FAILED, SiteState.DEGRADED, SiteState.ROLLED_BACK}
ERRORS = {
    SiteState.UNKNOWN,
    SiteState.STRANDED,
}  # JUnit: could not be decided, or worse than failed


def write_report(rollout: Rollout, output: Path, lang: Language) -> tuple[Path, ...]:
    """Write index.html, report.json and report.junit.xml; returns their paths."""
    make_directory(output)
    contents = {
        "index.html": render_page(rollout, lang),
        "report.json": to_json(rollout, lang),
        "report.junit.xml": to_junit(rollout),
    }
    for name, text in contents.items():
        write_durably(output / name, text.encode())
        (output / name).chmod(0o644)
    return tuple(output / name for name in contents)


def to_json(rollout: Rollout, lang: Language) -> str:
    """Everything the page says, and the sums."""
    return json.dumps(
        {
            "headline": headline(rollout, lang),
            "records": records_sentence(rollout, lang),
            "district": rollout.district,
            "profile": rollout.profile,
            "change_order": rollout.change_order,
            "started": rollout.started,
            "finished": rollout.finished,
            "verified": len(rollout.verified),
            "total": len(rollout.sites),
            "captured": sum(site.captured or 0 for site in rollout.sites),
            "acknowledged": sum(site.acknowledged or 0 for site in rollout.sites),
            "lost": rollout.lost,
            "largest_gap_s": rollout.largest_gap_s,
            "sites": [_site(site) for site in rollout.sites],
        },
        indent=2,
        ensure_ascii=False,
    )


def to_junit(rollout: Rollout) -> str:
    """One test case per site, for the eyes of CI."""
    suite = ET.Element(
        "testsuite",
        name=f"rollout to {rollout.profile}",
        tests=str(len(rollout.sites)),
        failures=str(sum(site.state in FAILURES for site in rollout.sites)),
        errors=str(sum(site.state in ERRORS for site in rollout.sites)),
        skipped=str(sum(_unfinished(site) for site in rollout.sites)),
        timestamp=rollout.started,
    )
    for site in rollout.sites:
        seconds = site.outcome.duration_s if site.outcome else 0.0
        case = ET.SubElement(
            suite,
            "testcase",
            classname=rollout.district or "district",
            name=f"{site.code} {site.slug}",
            time=f"{seconds:.1f}",
        )
        reason = site.outcome.reason if site.outcome else STATES[site.state].meaning("en")
        if site.state in FAILURES | ERRORS:
            kind = "failure" if site.state in FAILURES else "error"
            ET.SubElement(case, kind, type=site.state.value, message=reason)
        elif _unfinished(site):
            ET.SubElement(case, "skipped", message=f"{site.state.value}: {reason}")
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def to_table(rollout: Rollout, lang: Language) -> str:
    """The table of sites as text, and the headline below it."""
    say = {key: phrase(lang) for key, phrase in PAGE.items()}
    heads = [say["sites"], say["verdict"]]
    heads += [say[f"short_{metric.key}"] for metric in METRICS]
    lines = [[*heads, say["short_outage"], say["records"]]]
    for row in rows(rollout, lang):
        plots = [row.plots[metric.key] for metric in METRICS]
        changes = [f"{plot.before.text} > {plot.after.text}" for plot in plots]
        lines.append([row.site.name, row.label, *changes, row.outage, row.records])
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    text = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    rule = "-" * max(map(len, text))
    ending = f"{headline(rollout, lang)} {records_sentence(rollout, lang)}".rstrip()
    return "\n".join([text[0], rule, *text[1:], rule, ending])


def _unfinished(site: SiteReport) -> bool:
    return site.state in {SiteState.PLANNED, SiteState.WAITING, SiteState.SWITCHING}


def _site(site: SiteReport) -> dict[str, Any]:
    return to_plain(site) | {"outage_s": site.outage_s}  # type: ignore[no-any-return]

"""Every site's ledger beside the data centre's: what the whole district would have to explain.

Input are the answers of `rekamatan records digests` and `rekamatan records items` of both sides,
as parsed JSON; None stands for a side that did not answer. It is never taken for an empty one.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from rekamatan.records.digests import Comparison, Item, compare, differing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Answer = Mapping[str, Any]

State = Literal["agree", "differ", "waiting", "unknown"]


@dataclass(frozen=True, slots=True)
class SiteComparison:
    """One line of the district's table."""

    site: str
    state: State  # waiting: the site did not answer; unknown: the data centre did not
    waiting: int | None  # records without a receipt
    missing: tuple[str, ...]
    altered: tuple[str, ...]
    unknown: tuple[str, ...]
    night_off: str = ""  # when the server is switched off at night, its last one
    changed: tuple[str, ...] = ()  # buckets agreed on once, whose rows are others now
    told_at: str = ""  # of a silent site, where it tells by itself: when it last did

    def line(self) -> str:
        """As a person reads it: every id in question is named."""
        if self.state in {"waiting", "unknown"}:
            who = "the site" if self.state == "waiting" else "the data centre"
            what = f"has told nothing since: {self.told_at}" if self.told_at else "did not answer"
            return f"{self.site:28} {self.state:8} {who} {what}"
        lists = {"missing": self.missing, "altered": self.altered, "unknown": self.unknown}
        lists["rows changed at the data centre in buckets"] = self.changed
        named = [f"{kind}: {', '.join(ids)}" for kind, ids in lists.items() if ids]
        if self.night_off:
            named.append(f"server off at night ({self.night_off} UTC), no fault of the link")
        return f"{self.site:28} {self.state:8} {self.waiting} waiting  {'; '.join(named)}".rstrip()


def buckets_to_list(
    sites: Mapping[str, Answer | None], central: Answer | None
) -> dict[str, list[str]]:
    """Site -> the buckets both sides have to list; sites that agree are left out."""
    if central is None:
        return {}
    found = {
        site: differing(answer["digests"], central["sites"].get(site, {}))
        for site, answer in sites.items()
        if answer is not None
    }
    return {site: buckets for site, buckets in found.items() if buckets}


def compare_district(
    sites: Mapping[str, Answer | None],
    central: Answer | None,
    *,
    site_items: Mapping[str, Answer | None],
    before: Mapping[str, Iterable[Any]],
    after: Mapping[str, Iterable[Any]],
) -> list[SiteComparison]:
    """One line for each site, and one for each name in the data centre's ledger that is no site.

    Args:
        sites: `records digests` of each site.
        central: `records digests --role data-centre`.
        site_items: `records items` of the sites that differ, asked between `before` and `after`.
        before: `records items --role data-centre`.
        after: the same, asked again.
    """
    lines = []
    buckets = buckets_to_list(sites, central)
    for site, answer in sites.items():
        if answer is None or central is None:
            lines.append(silent(site, "waiting" if answer is None else "unknown"))
            continue
        found = Comparison((), (), ())
        if site in buckets:
            listed = site_items.get(site)
            if listed is None:
                lines.append(silent(site, "waiting"))
                continue
            found = _compare(listed, before.get(site, ()), after.get(site, ()))
        lines.append(named_line(site, answer, found, central["suspects"].get(site, {})))
    return lines


def strangers(known_sites: Iterable[str], central: Answer | None) -> list[str]:
    """Names under which the data centre holds records and which are no sites of the district."""
    return [] if central is None else sorted(central["sites"].keys() - set(known_sites))


def _compare(listed: Answer, before: Iterable[Any], after: Iterable[Any]) -> Comparison:
    acknowledged = as_items(listed["acknowledged"])
    return compare(
        acknowledged=acknowledged,
        known=acknowledged + as_items(listed["waiting"]),
        before=as_items(before),
        after=as_items(after),
    )


def named_line(
    site: str,
    answer: Answer,
    found: Comparison,
    suspects: Mapping[str, str],
    *,
    changed: tuple[str, ...] = (),
) -> SiteComparison:
    """Join what the comparison shows with what each side has found out by itself."""
    named = {kind: set(ids) for kind, ids in asdict(found).items()}
    for record_id, kind in (*answer["findings"].items(), *suspects.items()):
        named["missing" if kind in {"lost", "unproven"} else kind].add(record_id)
    # In doubt at the data centre, it is missing there for the site too: say the reason once.
    named["missing"] -= named["altered"]
    lists = {kind: tuple(sorted(ids)) for kind, ids in named.items()}
    state: State = "differ" if changed or any(lists.values()) else "agree"
    off = answer.get("off")
    night = f"{off['since']} to {off['until']}" if off and off["night"] else ""
    waiting = int(answer["waiting"])
    missing, altered, unknown = (lists[kind] for kind in ("missing", "altered", "unknown"))
    return SiteComparison(site, state, waiting, missing, altered, unknown, night, changed)


def silent(site: str, state: State, told_at: str = "") -> SiteComparison:
    """The line of a site about which nothing is known now."""
    return SiteComparison(site, state, None, (), (), (), told_at=told_at)


def as_items(rows: Iterable[Any]) -> list[Item]:
    """Rows of parsed JSON, `[id, sha256, size]` each."""
    return [Item(str(record_id), str(sha256), int(size)) for record_id, sha256, size in rows]

"""A rollout of the example district as the playbooks leave it; run it to write one to DIR."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

import yaml

INVENTORY = Path(__file__).parents[3] / "inventory" / "rokan_hilir"
LIMITS = {"ping.loss": 6.0, "ping.rtt": 120.0, "ping.jitter": 35.0, "canary.throughput": 1000.0}
WEAK = {"ping.loss": 30.0, "ping.rtt": 200.0, "ping.jitter": 100.0, "canary.throughput": 64.0}
UNITS = {"ping.loss": "%", "ping.rtt": "ms", "ping.jitter": "ms", "canary.throughput": "kbit/s"}


def gate(profile: str, values: dict[str, float], limits: dict[str, float]) -> dict[str, Any]:
    """A gate's result, judged by `limits`."""
    probes = [_probe("registration", ok=True), _probe("route", ok=True), _probe("dns", ok=True)]
    for name, value in values.items():
        floor = name == "canary.throughput"
        ok = value >= limits[name] if floor else value <= limits[name]
        probes.append(_probe(name, ok=ok, value=value, unit=UNITS[name], limit=limits[name]))
    probes += [
        _probe("tcp.ingest", ok=True, value=71.0, unit="ms"),
        _probe("canary.receipt", ok=True),
    ]
    verdict = "pass" if all(probe["ok"] for probe in probes) else "fail"
    return {
        "verdict": verdict,
        "probes": probes,
        "profile": profile,
        "started": "2026-11-24T04:00:00+00:00",
        "duration_s": 21.5,
        "reasons": [],
    }


def site_file(slug: str, seed: int, state: str = "verified") -> dict[str, Any]:
    """What sites/<slug>.json holds."""
    variables = yaml.safe_load((INVENTORY / "host_vars" / slug / "site.yml").read_text())
    weak = "site_limits" in variables
    dice = random.Random(seed)  # noqa: S311 - made-up measurements, the same each time
    before = gate("indosat", _indosat(dice), LIMITS)
    after = gate("telkomsel", _telkomsel(dice, weak=weak), WEAK if weak else LIMITS)
    if state in {"waiting", "planned"}:
        after = None
    if state == "rolled_back":
        after = gate("telkomsel", _telkomsel(dice, weak=True), LIMITS)
    count = dice.randint(8, 31)
    return {
        "site": {
            "slug": slug,
            "code": variables["site_code"],
            "name": variables["site_name"],
            "latitude": variables["site_latitude"],
            "longitude": variables["site_longitude"],
        },
        "state": state,
        "outcome": _outcome(slug, state, before, after, dice) if after else None,
        "before": before,
        "after": after,
        "records": {"captured": count, "sent": count, "acknowledged": count, "pending": 0},
    }


def write_example(directory: Path, states: dict[str, str] | None = None) -> Path:
    """Write the whole input directory; `states` names the sites that are not verified."""
    (directory / "sites").mkdir(parents=True, exist_ok=True)
    heading = {
        "change_order": "470/Disdukcapil/2026/118",
        "profile": "telkomsel",
        "started": "2026-11-24T04:00:00+00:00",
        "finished": "2026-11-24T04:21:40+00:00",
        "district": "Kabupaten Rokan Hilir",
    }
    (directory / "rollout.json").write_text(json.dumps(heading))
    workstations = {}
    for seed, folder in enumerate(sorted((INVENTORY / "host_vars").iterdir())):
        if not (folder / "site.yml").exists() or not (folder / "site.yml").read_text():
            continue
        content = site_file(folder.name, seed, (states or {}).get(folder.name, "verified"))
        (directory / "sites" / f"{folder.name}.json").write_text(json.dumps(content))
        workstations[folder.name] = {
            "captured": content["records"]["captured"],
            "acknowledged": content["records"]["acknowledged"],
            "lost": 0,
            "largest_gap_s": round(4 + seed * 0.37, 1),
        }
    (directory / "workstations.json").write_text(json.dumps(workstations))
    return directory


def _indosat(dice: random.Random) -> dict[str, float]:
    return {
        "ping.loss": round(dice.uniform(4.5, 12), 1),
        "ping.rtt": round(dice.gauss(160, 12), 1),
        "ping.jitter": round(dice.gauss(52, 5), 1),
        "canary.throughput": round(dice.gauss(165, 12)),
    }


def _telkomsel(dice: random.Random, *, weak: bool) -> dict[str, float]:
    if weak:
        return {
            "ping.loss": round(dice.uniform(12, 20), 1),
            "ping.rtt": round(dice.gauss(97, 6), 1),
            "ping.jitter": round(dice.gauss(31, 4), 1),
            "canary.throughput": round(dice.gauss(400, 30)),
        }
    return {
        "ping.loss": dice.choice([0.0, 0.0, 2.0]),
        "ping.rtt": round(dice.gauss(61, 3), 1),
        "ping.jitter": round(dice.gauss(9, 2), 1),
        "canary.throughput": round(dice.gauss(3600, 180)),
    }


def _probe(name: str, *, ok: bool | None, **values: object) -> dict[str, Any]:
    probe = {"name": name, "ok": ok, "value": None, "unit": "", "limit": None, "detail": ""}
    return probe | {"essential": True} | values


def _outcome(
    slug: str, state: str, before: dict[str, Any], after: dict[str, Any], dice: random.Random
) -> dict[str, Any]:
    reverted = state in {"rolled_back", "stranded"}
    return {
        "run_id": "20261124-040011",
        "site": slug,
        "state": {"rolled_back": "reverted", "stranded": "stranded"}.get(state, "committed"),
        "target": "telkomsel",
        "previous": "indosat",
        "active": {"rolled_back": "indosat", "stranded": None}.get(state, "telkomsel"),
        "change_order": "470/Disdukcapil/2026/118",
        "reason": "the gate failed on the new profile" if reverted else "the gate passed",
        "gate": after,
        "baseline": before,
        "outage_s": round(dice.uniform(8, 24), 1),
        "started": "2026-11-24T04:00:11+00:00",
        "duration_s": round(dice.uniform(55, 90), 1),
        "steps": [["planned", 0.0], ["armed", 3.1]],
        "changed": not reverted,
    }


if __name__ == "__main__":
    write_example(Path(sys.argv[1]), dict(pair.split("=") for pair in sys.argv[2:]))

"""`python -m lab.matrix`: what `make faults` runs."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

from lab import state
from lab.matrix import cases, ground
from lab.matrix.results import ResultsFile, caught, failed_before, summary
from lab.matrix.schedule import Schedule
from lab.paths import BUILD, ROOT
from rekamatan.errors import RekamatanError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from lab.matrix.cases import Case
    from lab.matrix.trial import Result
    from lab.workstations import Account

REPORT = BUILD / "faults.json"
_FOLDER = BUILD / "faults"
QUICK_CASES = 12
QUICK_S = 900.0  # all of it: raising the lab, provisioning, the cases, the last receipts
_TOLD = (
    "runs",
    "missed",
    "stranded",
    "untrue_reports",
    "records_lost",
    "max_outage_s",
    "max_revert_s",
    "median_revert_s",
    "max_modem_alone_s",
    "runs_of_program",
    "seed",
    "seconds",
)
_LAST_CASE_S = 240.0  # no case is begun so shortly before the end


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m lab.matrix", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a sample within 15 minutes")
    parser.add_argument("--case", action="append", default=[], metavar="NAME", help="only this one")
    parser.add_argument("--seed", type=int, help="order and sample; printed when not given")
    plants = (*cases.PLANTS, cases.ALL_PLANTS)
    parser.add_argument("--plant", choices=plants, default="", help="a bug to be caught")
    parser.add_argument("--sites", type=int, help="offices side by side (quick 2, else 4)")
    parser.add_argument("--minutes", type=float, help="begin no case after so many")
    parser.add_argument("--fresh", action="store_true", help="repeat what has a result already")
    parser.add_argument(
        "--add-up", action="store_true", help="count what earlier programs survived"
    )
    parser.add_argument("--list", action="store_true", help="names of all cases, nothing is run")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """0 when every case was survived; with a planted bug, when it was caught."""
    given = list(sys.argv[1:] if argv is None else argv)
    options = parse(given)
    if options.list:
        print("\n".join(case.name for case in cases.matrix()))
        return 0
    if os.geteuid() != 0:
        command = ["sudo", "env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "lab.matrix", *given]
        return subprocess.call(command)
    try:
        return _run(options)
    except RekamatanError as error:
        print(f"matrix: {error}", file=sys.stderr)
        return error.exit_code


def chosen(options: argparse.Namespace, seed: int) -> tuple[Case, ...]:
    """The cases of this run, in order. Raises `LabError` for a name there is none of."""
    if options.case:
        return tuple(cases.named(name) for name in options.case)
    if options.plant:
        return tuple(cases.named(name) for name in cases.planted(options.plant))
    if options.quick:
        return cases.sample(cases.matrix(), seed, QUICK_CASES)
    return cases.shuffled(cases.matrix(), seed)


def _run(options: argparse.Namespace) -> int:
    began = time.monotonic()
    seed = options.seed if options.seed is not None else int.from_bytes(os.urandom(3))
    wanted = chosen(options, seed)
    again = " ".join(["make faults", *(["QUICK=1"] if options.quick else []), f"SEED={seed}"])
    print(f"matrix: seed {seed}, {len(wanted)} cases; the same again: {again}", flush=True)
    sites = options.sites or min(2 if options.quick else 4, len(wanted))
    ground.raise_lab(sites)
    file = ResultsFile(_FOLDER / "results.jsonl", ground.program(), options.plant)
    plants = _plants(options, wanted)
    earlier = _earlier(options, file, wanted)
    todo = [case for case in wanted if case.name not in earlier]
    if earlier:
        print(f"matrix: {len(earlier)} have a result already", flush=True)
    with state.exclusive():
        field = ground.Ground(state.load(), sites, plants)
        schedule = Schedule(field, file, f"470/900/UJI-{int(time.time())}", _until(options, began))
        try:
            field.prepare()
            schedule.work(todo)
        finally:
            accounts = field.leave()
    results = [*earlier.values(), *schedule.results]
    document = summary(results, seed, options.plant)
    document["caught"] = caught(results, plants)
    document["failed_before"] = failed_before(file.history(), results)
    document |= {"not_played": schedule.not_played, "records": [asdict(row) for row in accounts]}
    document["seconds"] = round(time.monotonic() - began)
    return _tell(document, accounts)


def _earlier(
    options: argparse.Namespace, file: ResultsFile, wanted: Sequence[Case]
) -> dict[str, Result]:
    """Results that are taken up again: none in a quick run, of a named case, of a planted bug."""
    if options.fresh or options.case or options.quick or options.plant:
        return {}
    found = known(file, of_any_program=options.add_up)
    return {case.name: found[case.name] for case in wanted if case.name in found}


def _plants(options: argparse.Namespace, wanted: Sequence[Case]) -> dict[str, str]:
    """Case -> the bug that is planted for it; one bug goes with any case that was named."""
    if options.plant in {"", cases.ALL_PLANTS}:
        every = cases.planted(options.plant)
        return {case.name: every[case.name] for case in wanted if case.name in every}
    return {case.name: options.plant for case in wanted}


def known(file: ResultsFile, *, of_any_program: bool) -> dict[str, Result]:
    """What need not be played again: a failure of an earlier program must be, with this one."""
    now = {result.case: result for result in file.read() if result.reached}
    ever = file.read(of_any_program=of_any_program)
    return {result.case: result for result in ever if result.sound} | now


def _until(options: argparse.Namespace, began: float) -> float | None:
    if options.minutes is not None:
        return began + 60 * float(options.minutes)
    return began + QUICK_S - _LAST_CASE_S if options.quick else None


def _tell(document: dict[str, Any], accounts: list[Account]) -> int:
    """Write the report, say the sum; the exit status."""
    # A record that was captured and is not acknowledged after the last wait is not safe either.
    unacknowledged = sum(row.captured - row.acknowledged for row in accounts)
    document["records_lost"] = max(document["records_lost"], sum(row.lost for row in accounts))
    document["records_unacknowledged"] = unacknowledged
    REPORT.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print("matrix: " + ", ".join(f"{name} {document[name]}" for name in _TOLD))
    print(f"matrix: records captured {sum(row.captured for row in accounts)}, "
          f"not acknowledged {unacknowledged}; {REPORT}")  # fmt: skip
    if document["planted"]:
        for plant, names in document["caught"].items():
            print(f"matrix: {plant}: {'caught by ' + ', '.join(names) if names else 'NOT CAUGHT'}")
        return 0 if all(document["caught"].values()) else 1
    harm = document["stranded"] + document["untrue_reports"] + document["records_lost"]
    whole = document["runs"] and not document["missed"] and not document["not_played"]
    return 0 if whole and not harm and not unacknowledged else 1


if __name__ == "__main__":
    sys.exit(main())

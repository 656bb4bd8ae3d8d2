"""`rekamatan status`: this office at a glance, from what is on disk; nothing is measured."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rekamatan import paths
from rekamatan.agent.sentences import STEPS
from rekamatan.agent.units import active, require_root
from rekamatan.clock import SystemClock
from rekamatan.config import load_site
from rekamatan.errors import ConfigError, RecordError
from rekamatan.language import Phrase
from rekamatan.models import SwitchState
from rekamatan.modems.facts import MODEM_LOOK
from rekamatan.plain import to_plain
from rekamatan.records.adapters.site import ADAPTER_FILE, site_answers
from rekamatan.records.counts import record_counts
from rekamatan.verify.store import read_json
from rekamatan.wan.disk import DirectoryDisk
from rekamatan.wan.journal import Journal
from rekamatan.wan.known_good import known_good
from rekamatan.wan.sightings import sightings

if TYPE_CHECKING:
    import argparse

    from rekamatan.language import Language

SERVICES = ("rekamatan-intake.service", "rekamatan-forwarder.service")
ADAPTER_SERVICES = ("rekamatan-adapter.socket",)
PLACE = Phrase(id="Kantor {name} ({code})", en="Office {name} ({code})")
LINK = Phrase(
    id="Operator yang terakhir lulus uji: {profile}", en="Carrier that last passed: {profile}"
)
RUNNING = Phrase(id="Pergantian sedang berjalan: {step}", en="A switch is under way: {step}")
CHECKED = Phrase(
    id="Pemeriksaan terakhir: {verdict} ({started})", en="Last check: {verdict} ({started})"
)
MODEM = Phrase(
    id="Modem: {model}, firmware {version}, jaringan {network}, sinyal {signal} ({at})",
    en="Modem: {model}, firmware {version}, network {network}, signal {signal} ({at})",
)
UNKNOWN = Phrase(id="tidak diketahui", en="not known")
UNITS = {"rsrp_dbm": "RSRP {:g} dBm", "sinr_db": "SINR {:g} dB", "rssi_dbm": "RSSI {:g} dBm"}
UNCHECKED = Phrase(
    id="Jalur belum pernah diperiksa: jalankan `rekamatan verify`.",
    en="The link was never checked: run `rekamatan verify`.",
)
RECORDS = Phrase(
    id="Rekaman: {captured} direkam, {acknowledged} diterima pusat data.",
    en="Records: {captured} captured, {acknowledged} acknowledged.",
)
NO_RECORDS = Phrase(
    id="Jumlah rekaman tidak diketahui: {problem}", en="Number of records not known: {problem}"
)
SERVICE_DOWN = Phrase(
    id="Layanan {unit} tidak berjalan. Hubungi kantor kabupaten.",
    en="Service {unit} does not run. Call the district office.",
)


def register(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser],
    common: argparse.ArgumentParser,
) -> None:
    """Add `status`."""
    parser = subparsers.add_parser("status", parents=[common], help="this office at a glance")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print it; exit 0: a status is no verdict."""
    require_root("show the status")
    found = collect()
    if arguments.json:
        print(json.dumps(found, sort_keys=True))  # noqa: T201 - the command's own output
        return 0
    print("\n".join(_lines(found, arguments)))  # noqa: T201
    return 0


def collect() -> dict[str, Any]:
    """Plain data; what cannot be known is None, with the reason beside it."""
    site = load_site()
    disk = DirectoryDisk(paths.WAN)
    open_run = Journal(disk, SystemClock()).unfinished()
    last = read_json(paths.VERIFY / "last.json")
    other = ADAPTER_FILE.exists()  # another application records here
    found: dict[str, Any] = {
        "site": {"slug": site.slug, "code": site.code, "name": site.name},
        "known_good": to_plain(known_good(disk, site)),
        "pending": {"run_id": open_run[0].run_id, "state": open_run[-1].state.value}
        if open_run
        else None,
        "last_gate": last["gate"] if last else None,
        "modem": read_json(paths.VERIFY / MODEM_LOOK),
        "survey": to_plain(sightings(disk)),
        "services": {unit: active(unit) for unit in (ADAPTER_SERVICES if other else SERVICES)},
        "records": None,
        "records_problem": "",
    }
    try:
        found["records"] = to_plain(site_answers() if other else record_counts(paths.RECORDS))
    except (RecordError, ConfigError) as error:
        found["records_problem"] = str(error)
    return found


def _lines(found: dict[str, Any], arguments: argparse.Namespace) -> list[str]:
    lang = arguments.lang
    lines = [PLACE(lang, **found["site"]), LINK(lang, **found["known_good"])]
    if found["pending"]:
        state = SwitchState(found["pending"]["state"])
        lines.append(RUNNING(lang, step=STEPS[state](lang)))
    gate = found["last_gate"]
    lines.append(CHECKED(lang, **gate) if gate else UNCHECKED(lang))
    if found["modem"]:
        lines.append(modem_line(found["modem"], lang))
    if found["records"]:
        lines.append(RECORDS(lang, **found["records"]))
    else:
        lines.append(NO_RECORDS(lang, problem=found["records_problem"]))
    lines += [SERVICE_DOWN(lang, unit=u) for u, up in found["services"].items() if not up]
    return lines


def modem_line(look: dict[str, Any], lang: Language) -> str:
    """What the modem was at the last verification: firmware, network, signal, and when that was."""
    told = [
        text.format(look["signal"][name])
        for name, text in UNITS.items()
        if look["signal"].get(name) is not None
    ]
    network = " ".join(word for word in (look["operator"], look["rat"]) if word)
    return MODEM(
        lang,
        model=look["model"] or UNKNOWN(lang),
        version=look["version"],
        network=network or UNKNOWN(lang),
        signal=", ".join(told) or UNKNOWN(lang),
        at=look["at"],
    )

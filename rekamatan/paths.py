"""Where things live on a site and at the data centre: one place for code, docs and units."""

from __future__ import annotations

from pathlib import Path

ETC = Path("/etc/rekamatan")
SITE_FILE = ETC / "site.json"  # desired state of this site, no secrets; written by role site_agent
STATE = Path("/var/lib/rekamatan")
WAN = STATE / "wan"  # journal.jsonl, known-good.json, request.json, outcome.json
MODEM = STATE / "modem"  # <time>-<platform>-<digest>.txt: the modem's configuration before a change
VERIFY = STATE / "verify"  # last.json, baseline-<profile>.json
RECORDS = STATE / "records"  # spool/, sent/, receipts/, ledger.sqlite
EVIDENCE = STATE / "evidence"
TLS = ETC / "tls"  # ca.crt, intake.crt, forwarder.crt; the keys arrive as systemd credentials
QUIET = Path("/run/rekamatan/quiet")  # the gate asks the forwarder to wait; see quiet.py

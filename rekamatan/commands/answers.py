"""`rekamatan records answers`: what this site's recording application says, or that it does not."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from rekamatan import paths
from rekamatan.errors import ConfigError, RecordError
from rekamatan.language import Phrase
from rekamatan.records.adapters.site import ADAPTER_FILE, site_answers

UNKNOWN = 4
ANSWERS = Phrase(
    id="{captured} direkam, {sent} dikirim, {acknowledged} diterima pusat data; "
    "{active_captures} perekaman sedang berjalan.",
    en="{captured} captured, {sent} sent, {acknowledged} acknowledged; "
    "{active_captures} captures under way.",
)
NOT_KNOWN = Phrase(
    id="Tidak diketahui: aplikasi perekaman tidak memberi jawaban yang dapat dipercaya. {problem}",
    en="Not known: the recording application gave no answer to be believed. {problem}",
)


def add_actions(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `answers` below `rekamatan records`."""
    action = actions.add_parser("answers", help="the recording application's four answers")
    action.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
    action.add_argument("--lang", choices=("id", "en"), default=argparse.SUPPRESS)
    action.add_argument("--adapter-file", type=Path, default=ADAPTER_FILE)
    action.add_argument("--records", type=Path, default=paths.RECORDS)
    action.add_argument(
        "--protocol", action="store_true", help="print what docs/adapter.md asks of an adapter"
    )
    action.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Exit 0 with the answers; exit 4 when they are not known, and then nothing that looks like 0.

    With `--protocol` this is an adapter itself: one line, or nothing and a failure.
    """
    try:
        answers = site_answers(arguments.adapter_file, arguments.records)
    except (RecordError, ConfigError) as error:
        if arguments.protocol:
            raise
        unknown = json.dumps({"known": False, "problem": str(error)})
        print(unknown if arguments.json else NOT_KNOWN(arguments.lang, problem=error))  # noqa: T201
        return UNKNOWN
    if arguments.protocol:
        print(answers.to_json())  # noqa: T201
    elif arguments.json:
        print(json.dumps({"known": True, **asdict(answers)}))  # noqa: T201
    else:
        print(ANSWERS(arguments.lang, **asdict(answers)))  # noqa: T201
    return 0

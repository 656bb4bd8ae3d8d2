"""Outcomes as sentences that a non-engineer understands, and their exit codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rekamatan.agent.advice import OTHER, cause, next_step
from rekamatan.language import Phrase
from rekamatan.models import SwitchState, Verdict

if TYPE_CHECKING:
    from rekamatan.language import Language
    from rekamatan.models import GateResult, SwitchOutcome

EXIT_OK, EXIT_FAILED, EXIT_REFUSED, EXIT_UNKNOWN = 0, 1, 3, 4

STEPS: dict[SwitchState, Phrase] = {
    SwitchState.PLANNED: Phrase(id="direncanakan", en="planned"),
    SwitchState.PREFLIGHT: Phrase(
        id="memeriksa modem dan jalur lama", en="checking modem and old link"
    ),
    SwitchState.ARMED: Phrase(
        id="menyiapkan jalan kembali di modem", en="arming the way back on the modem"
    ),
    SwitchState.APPLIED: Phrase(
        id="mengganti operator, menunggu sambungan", en="switching carrier, waiting for it"
    ),
    SwitchState.ATTACHED: Phrase(
        id="tersambung, menguji jalur baru", en="attached, testing the new link"
    ),
    SwitchState.GATED: Phrase(id="jalur baru sudah diuji", en="the new link has been tested"),
    SwitchState.CONFIRMING: Phrase(id="menetapkan jalur baru", en="confirming the new link"),
    SwitchState.REVERTING: Phrase(id="kembali ke jalur lama", en="going back to the old link"),
    SwitchState.COMMITTED: Phrase(id="selesai", en="done"),
    SwitchState.REVERTED: Phrase(id="sudah kembali ke jalur lama", en="back on the old link"),
    SwitchState.STRANDED: Phrase(id="tidak ada jalur yang bekerja", en="no link works"),
    SwitchState.REFUSED: Phrase(id="ditolak", en="refused"),
}
DONE = Phrase(
    id="Selesai: kantor ini sekarang memakai {target}, dan rekaman uji sudah diterima pusat data. "
    "Perekaman dapat diteruskan.",
    en="Done: this office now uses {target}, and a test record reached the data centre. "
    "Recording can go on.",
)
DONE_DEGRADED = Phrase(
    id="Selesai, tetapi belum sempurna: kantor ini sekarang memakai {target}.",
    en="Done, but not perfect: this office now uses {target}.",
)
ALREADY = Phrase(
    id="Tidak ada yang diubah: kantor ini sudah memakai {target} dan jalurnya bekerja.",
    en="Nothing was changed: this office already uses {target} and the link works.",
)
BACK = Phrase(
    id="{target} tidak lulus uji, jadi kantor ini kembali memakai {previous}.",
    en="{target} did not pass, so this office is back on {previous}.",
)
# Cut short, refused by the modem or never attached: nobody tested the new carrier.
UNFINISHED = Phrase(
    id="Pergantian ke {target} tidak selesai, jadi kantor ini kembali memakai {previous}.",
    en="The switch to {target} was not finished, so this office is back on {previous}.",
)
ELSEWHERE = Phrase(
    id="{target} tidak lulus uji dan {previous} tidak bekerja lagi: kantor ini sekarang memakai "
    "{active}.",
    en="{target} did not pass and {previous} does not work any more: this office now uses "
    "{active}.",
)
STRANDED = Phrase(
    id="Kantor ini tidak punya jalur yang bekerja. Perekaman tersimpan aman di server. "
    "Hubungi kantor kabupaten sekarang. Lembar kerja: sudo rekamatan wan job {run_id}",
    en="This office has no working link. Recordings are safe on the server. "
    "Call the district office now. Job sheet: sudo rekamatan wan job {run_id}",
)
REFUSED = Phrase(
    id="Tidak dilakukan, dan tidak ada yang diubah.", en="Not done, and nothing was changed."
)
UNKNOWN = Phrase(
    id="Hasilnya belum diketahui: modem tidak menjawab. Server terus mencoba sendiri; periksa lagi "
    "dalam lima menit dengan `rekamatan wan pending`.",
    en="The result is not known yet: the modem does not answer. The server keeps trying by itself; "
    "look again in five minutes with `rekamatan wan pending`.",
)
GATE = {
    Verdict.PASS: Phrase(
        id="Jalur {profile} baik. Tidak ada yang perlu dilakukan.",
        en="The {profile} link is good. Nothing needs to be done.",
    ),
    Verdict.DEGRADED: Phrase(
        id="Jalur {profile} bekerja, tetapi belum sempurna.",
        en="The {profile} link works, but not perfectly.",
    ),
    Verdict.FAIL: Phrase(id="Jalur {profile} tidak baik.", en="The {profile} link is not good."),
}


def outcome_exit(outcome: SwitchOutcome) -> int:
    """0 only when the wanted profile is active and gated."""
    codes = {
        SwitchState.COMMITTED: EXIT_OK,
        SwitchState.REVERTED: EXIT_FAILED,
        SwitchState.STRANDED: EXIT_FAILED,
        SwitchState.REFUSED: EXIT_REFUSED,
    }
    return codes.get(outcome.state, EXIT_UNKNOWN)


def say_outcome(outcome: SwitchOutcome, lang: Language) -> str:
    """What happened, why, and what to do next."""
    fields = {
        "target": outcome.target,
        "previous": outcome.previous,
        "active": outcome.active,
        "run_id": outcome.run_id,
    }
    if outcome.state is SwitchState.COMMITTED:
        return _say_committed(outcome, lang)
    heads = {
        SwitchState.REVERTED: _back(outcome),
        SwitchState.STRANDED: STRANDED,
        SwitchState.REFUSED: REFUSED,
    }
    head = heads.get(outcome.state, UNKNOWN)(lang, **fields)
    if outcome.state in {SwitchState.REVERTED, SwitchState.REFUSED}:
        return f"{head} {_why(outcome.reason, outcome.gate, lang)}"
    return head


def _back(outcome: SwitchOutcome) -> Phrase:
    if outcome.active != outcome.previous:
        return ELSEWHERE
    failed = outcome.gate is not None and outcome.gate.verdict is Verdict.FAIL
    return BACK if failed else UNFINISHED


def explained(checks: list[dict[str, Any]], lang: Language) -> list[dict[str, Any]]:
    """Preflight's checks as JSON, each that is not ok with its next step in words."""
    return [
        check | {"next_step": next_step(check["code"], lang) if check["ok"] is False else ""}
        for check in checks
    ]


def say_checks(checks: list[dict[str, Any]]) -> list[str]:
    """One line for each explained check: mark, name, value against limit, detail, next step."""
    return [_say_check(check) for check in checks]


def _say_check(check: dict[str, Any]) -> str:
    marks = {True: "ok", None: "--", False: "!!" if check["blocking"] else " !"}
    value = "" if check["value"] is None else f" {check['value']} {check['unit']}".rstrip()
    limit = "" if check["limit"] is None else f" ({check['limit']})"
    parts = [f"{marks[check['ok']]}  {check['name']}{value}{limit}"]
    parts += [text for text in (check["detail"], check["next_step"]) if text]
    return ": ".join(parts)


def say_gate(result: GateResult, lang: Language) -> str:
    """The verdict, and for anything but a pass the first cause with its next step."""
    head = GATE[result.verdict](lang, profile=result.profile)
    if result.verdict is Verdict.PASS:
        return head
    return f"{head} {_why('; '.join(result.reasons), result, lang)}"


def gate_exit(result: GateResult) -> int:
    """A degraded link works: only a failed gate is a failure."""
    return EXIT_FAILED if result.verdict is Verdict.FAIL else EXIT_OK


def _say_committed(outcome: SwitchOutcome, lang: Language) -> str:
    degraded = outcome.gate is not None and outcome.gate.verdict is Verdict.DEGRADED
    if not outcome.changed:
        return ALREADY(lang, target=outcome.target)
    if not degraded:
        return DONE(lang, target=outcome.target)
    return f"{DONE_DEGRADED(lang, target=outcome.target)} {_why('', outcome.gate, lang)}"


def _why(reason: str, gate: GateResult | None, lang: Language) -> str:
    known = cause(reason, gate)
    return known(lang) if known else OTHER(lang, reason=reason or "-")

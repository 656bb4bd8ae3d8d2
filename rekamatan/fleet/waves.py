"""The rule that holds a rollout after a wave; the waves themselves are the playbook's `serial`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rekamatan.fleet.ledger import SiteState
from rekamatan.language import Phrase

if TYPE_CHECKING:
    from collections.abc import Sequence

FAILED = frozenset(
    {
        SiteState.PREFLIGHT_FAILED,
        SiteState.DEGRADED,
        SiteState.ROLLED_BACK,
        SiteState.UNKNOWN,
        SiteState.STRANDED,
    }
)
HOLD_SHARE = 1 / 3  # of the sites that answered; in a wave of three, one failure is a third

STRANDED = Phrase(
    id="{sites} tidak punya jalur yang bekerja: jangan lanjutkan sebelum ini selesai",
    en="{sites} has no working link: do not go on before that is settled",
)
COMMON = Phrase(
    id="{count} dari {total} kecamatan gagal dengan sebab yang sama: {cause}",
    en="{count} of {total} sites failed for the same cause: {cause}",
)
MANY = Phrase(
    id="{count} dari {total} kecamatan gagal tanpa sebab yang sama: {sites}",
    en="{count} of {total} sites failed without a common cause: {sites}",
)
CAUSES = {
    "carrier": Phrase(
        id="operator {carrier} (modem tidak terdaftar di jaringannya)",
        en="carrier {carrier} (the modem does not register on its network)",
    ),
    "apn": Phrase(
        id="APN {apn} (terdaftar, tetapi tidak mendapat alamat atau rute)",
        en="APN {apn} (registered, but no address or route)",
    ),
    "data_centre": Phrase(
        id="pusat data (jalur baru aktif, tetapi pusat data tidak menjawab dengan baik)",
        en="data centre (the new link is up, but the data centre does not answer well)",
    ),
    "platform": Phrase(id="jenis modem {platform}", en="modem platform {platform}"),
}


@dataclass(frozen=True, slots=True)
class SiteResult:
    """One site at the end of its wave."""

    site: str
    state: SiteState
    carrier: str
    apn: str
    platform: str
    failed_probes: tuple[str, ...] = ()  # names as in `models.Probe`

    @property
    def failed(self) -> bool:
        """True for every end but `verified`; a site that did not answer has not failed."""
        return self.state in FAILED


@dataclass(frozen=True, slots=True)
class Hold:
    """Why the next wave does not start."""

    cause: str  # "carrier" | "apn" | "data_centre" | "platform" | "stranded" | "many"
    sites: tuple[str, ...]
    reason: Phrase
    fields: dict[str, object]

    def text(self, lang: str = "id") -> str:
        """The reason as one sentence."""
        return self.reason("id" if lang == "id" else "en", **self.fields)


def abort_reason(wave: Sequence[SiteResult]) -> Hold | None:
    """Whether to hold after this wave, and the common cause if there is one."""
    answered = [result for result in wave if result.failed or result.state is SiteState.VERIFIED]
    failed = [result for result in answered if result.failed]
    names = tuple(result.site for result in failed)
    stranded = tuple(r.site for r in failed if r.state is SiteState.STRANDED)
    if stranded:
        return Hold("stranded", stranded, STRANDED, {"sites": ", ".join(stranded)})
    if not failed or len(failed) / len(answered) < HOLD_SHARE:
        return None
    counts: dict[str, object] = {"count": len(failed), "total": len(answered)}
    cause = common_cause(failed, [result for result in answered if not result.failed])
    if cause is None:
        return Hold("many", names, MANY, counts | {"sites": ", ".join(names)})
    first = failed[0]
    words = {"carrier": first.carrier, "apn": first.apn, "platform": first.platform}
    # The cause is itself a phrase: a format string per language, filled with the same words.
    sentence = Phrase(
        id=COMMON.id.replace("{cause}", CAUSES[cause].id),
        en=COMMON.en.replace("{cause}", CAUSES[cause].en),
    )
    return Hold(cause, names, sentence, counts | words)


def common_cause(failed: Sequence[SiteResult], good: Sequence[SiteResult]) -> str | None:
    """What the failed sites share: the stage at which they failed, else a platform of their own."""
    stages = Counter(_stage(result) for result in failed)
    stage, count = stages.most_common(1)[0]
    if stage is not None and count == len(failed):
        return stage
    platforms = {result.platform for result in failed}
    if good and len(platforms) == 1 and platforms.isdisjoint(r.platform for r in good):
        return "platform"
    return None


def _stage(result: SiteResult) -> str | None:
    """How far a site got, from what its gate measured: network, address, or data centre."""
    probes = result.failed_probes
    if "registration" in probes:
        return "carrier"
    if "route" in probes:
        return "apn"
    beyond = ("ping.", "tcp.", "dns", "canary.", "tunnel", "clock", "mtu")
    return "data_centre" if any(probe.startswith(beyond) for probe in probes) else None

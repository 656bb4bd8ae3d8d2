"""The data centre's nightly comparison: sites tell, it judges, alarms and counts."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from rekamatan.records.accounts import FOLDER
from rekamatan.records.nightly import METRICS_FILE
from rekamatan.records.site_ledger import COMPARED_AT
from tests.records.district import SIZE, District, command
from tests.records.services import Record

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.postgres
ALL_GOOD = {"missing": [], "altered": [], "unknown": [], "changed": []}


def configure(district: District, tmp_path: Path, *sites: str) -> Path:
    """What role data_centre writes for the night; the running ingest needs none of it."""
    folder = tmp_path / "metrics"
    folder.mkdir()
    config = tmp_path / "nightly.json"
    settings = json.loads(district.data_centre.config.read_text())
    config.write_text(json.dumps(settings | {"sites": list(sites), "metrics": str(folder)}))
    return config


def night(config: Path) -> tuple[bool, dict[str, dict[str, Any]]]:
    found = command("district", "--config", str(config))
    return found["agree"], {line["site"]: line for line in found["sites"]}


def put(district: District, path: str, told: object) -> int:
    body = json.dumps(told).encode()
    return district.data_centre.client().request("PUT", path, body).status


def metric(tmp_path: Path, name: str, site: str) -> float:
    text = (tmp_path / "metrics" / METRICS_FILE).read_text()
    line = next(x for x in text.splitlines() if x.startswith(f'{name}{{site="{site}"}}'))
    return float(line.split()[1])


def test_quiet_night_agrees_and_a_site_that_never_told_is_named(
    district: District, tmp_path: Path
) -> None:
    district.capture(3)
    district.settle()
    config = configure(district, tmp_path, "kubu", "bangko")
    agree, lines = night(config)
    assert agree, "a silent site is no record to be explained"
    assert lines["kubu"]["state"] == "agree"
    assert lines["kubu"] | ALL_GOOD == lines["kubu"]
    assert (lines["bangko"]["state"], lines["bangko"]["told_at"]) == ("waiting", "never")
    assert metric(tmp_path, "rekamatan_records_silent", "bangko") == 1
    assert metric(tmp_path, "rekamatan_records_silent", "kubu") == 0
    assert metric(tmp_path, "rekamatan_records_missing", "kubu") == 0


def test_forwarder_tells_by_itself_once_a_day(district: District, tmp_path: Path) -> None:
    district.capture()
    account = district.data_centre.directory / FOLDER / "kubu.json"
    district.link.service.stop()
    account.unlink(missing_ok=True)
    district.link.spool.ledger.remember(COMPARED_AT, "")
    district.link.service.start()
    district.wait(account.exists)
    assert night(configure(district, tmp_path, "kubu"))[0]


def test_row_deleted_since_the_site_told_is_found_in_the_same_night(
    district: District, tmp_path: Path
) -> None:
    gone, kept = district.capture(2)
    district.settle()
    district.link.service.stop()
    district.postgres.execute(f"DELETE FROM record WHERE id = '{gone.record_id}'")  # noqa: S608 - a UUID
    agree, lines = night(configure(district, tmp_path, "kubu"))
    assert not agree
    assert (lines["kubu"]["state"], len(lines["kubu"]["changed"])) == ("differ", 1)
    assert metric(tmp_path, "rekamatan_records_changed_buckets", "kubu") == 1
    # And by name, when the site tells next.
    district.settle()
    agree, lines = night(tmp_path / "nightly.json")
    assert not agree
    assert lines["kubu"]["missing"] == [gone.record_id]
    assert metric(tmp_path, "rekamatan_records_missing", "kubu") == 1
    district.link.service.start()
    district.wait(lambda: gone.record_id in district.rows())
    district.wait_all_acknowledged()
    district.settle()
    assert night(tmp_path / "nightly.json")[0]
    assert sorted(district.rows()) == sorted((gone.record_id, kept.record_id))


def test_altered_payload_and_a_stranger_are_named(district: District, tmp_path: Path) -> None:
    (record,) = district.capture()
    stranger = Record.of_size(SIZE)
    district.data_centre.client().upload(stranger)
    district.settle()
    district.link.service.stop()
    (path,) = district.data_centre.directory.glob(f"store/*/*/*/{record.record_id}*")
    path.write_bytes(b"z" * 10)
    agree, lines = night(configure(district, tmp_path, "kubu"))
    assert not agree
    assert lines["kubu"]["altered"] == [record.record_id]
    assert lines["kubu"]["unknown"] == [stranger.record_id]
    assert metric(tmp_path, "rekamatan_records_altered", "kubu") == 1
    assert metric(tmp_path, "rekamatan_records_unknown", "kubu") == 1


def test_records_in_the_name_of_no_site_are_an_alarm(district: District, tmp_path: Path) -> None:
    district.data_centre.client("palsu").upload(Record.of_size(10))
    found = command("district", "--config", str(configure(district, tmp_path, "kubu")))
    assert (found["agree"], found["strangers"]) == (False, ["palsu"])


def test_site_that_has_told_nothing_for_two_days_is_silent_not_in_agreement(
    district: District, tmp_path: Path
) -> None:
    district.capture()
    district.settle()
    config = configure(district, tmp_path, "kubu")
    account = district.data_centre.directory / FOLDER / "kubu.json"
    told = json.loads(account.read_text())
    long_ago = (datetime.now(UTC) - timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    account.write_text(json.dumps(told | {"told_at": long_ago}))
    agree, lines = night(config)
    assert agree
    assert (lines["kubu"]["state"], lines["kubu"]["told_at"]) == ("waiting", long_ago)


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"digests": {}, "waiting": 0, "findings": {"id": "made up"}},
        {"digests": {}, "waiting": "many", "findings": {}},
        {"digests": {"00": 1}, "waiting": 0, "findings": {}},
        {"digests": {}, "waiting": 0, "findings": {}, "off": {"since": "then"}},
    ],
)
def test_account_that_is_none_is_refused_and_the_night_goes_on(
    district: District, tmp_path: Path, told: dict[str, Any]
) -> None:
    assert put(district, "/account", told) == 409
    _, lines = night(configure(district, tmp_path, "kubu"))
    assert lines["kubu"]["state"] in {"agree", "waiting"}


def test_list_nobody_asked_for_is_refused(district: District) -> None:
    district.capture()
    district.settle()
    listed = {"acknowledged": [], "waiting": []}
    assert put(district, "/account?bucket=00", listed) == 409
    assert put(district, "/account?bucket=../..", listed) == 400
    assert put(district, "/account", [1]) == 400

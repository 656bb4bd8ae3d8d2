"""The modules of role modem, as Ansible starts them, against a twin."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rekamatan.fleet.inventory import read_inventory
from tests.contract.twin_case import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.twins.harness import RunningTwin

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "roles" / "modem" / "library"


@pytest.fixture(params=["6.49.10 (long-term)", "7.24 (stable)"])
def twin(boot: Callable[..., RunningTwin], request: pytest.FixtureRequest) -> RunningTwin:
    started = boot(version=request.param)
    started.wait_attached()
    return started


@pytest.fixture
def variables(twin: RunningTwin) -> dict[str, Any]:
    """The example office, its modem being the twin."""
    sites = read_inventory(ROOT / "inventory" / "rokan_hilir").sites
    kubu = next(site.variables for site in sites if site.name == "kubu")
    platform = "routeros6" if twin.device.edition.old_style else "routeros7"
    own = {
        "inventory_hostname": "kubu",
        "site_lan": "127.0.0.0/24",
        "site_modem": {"platform": platform, "port": twin.port},
        "site_modem_host_key": twin.host_key,
        "data_centre_receipt_public_key": "A" * 43 + "=",
    }
    return {**kubu, **own}


def module(name: str, *, check: bool = False, **given: object) -> dict[str, Any]:
    """Run one module in a process of its own; what it answers."""
    arguments = {**given, "_ansible_check_mode": check, "_ansible_diff": True}
    done = subprocess.run(
        [sys.executable, LIBRARY / f"{name}.py"],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=ROOT,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer | {"text": done.stdout + done.stderr}


def test_facts_and_backup(variables: dict[str, Any], tmp_path: Path) -> None:
    asked = {"variables": variables, "password": PASSWORD, "backup_directory": str(tmp_path / "b")}
    found = module("modem_info", **asked)
    assert found["changed"] is True
    modem = found["modem"]
    assert modem["identity"]["version"].startswith(("6.", "7."))
    assert modem["state"]["profile"] == "indosat"
    assert modem["state"]["signal"]["rsrp_dbm"] == -97.0
    assert (modem["pending"], modem["state"]["raw"]) == (None, "")
    assert "/interface lte apn" in Path(modem["backup"]).read_text(encoding="utf-8")
    assert PASSWORD not in json.dumps(modem)
    assert module("modem_info", **asked)["changed"] is False


def test_facts_in_check_mode_write_nothing(variables: dict[str, Any], tmp_path: Path) -> None:
    folder = tmp_path / "b"
    asked = {"variables": variables, "password": PASSWORD, "backup_directory": str(folder)}
    assert module("modem_info", check=True, **asked)["changed"] is False
    assert not folder.exists()


def test_read_account(variables: dict[str, Any]) -> None:
    found = module("modem_info", variables=variables, password="read-pw-7Q", account="read")  # noqa: S106 - the twin's
    assert found["modem"]["state"]["profile"] == "indosat"


def test_configured_with_diff_then_unchanged(
    twin: RunningTwin, variables: dict[str, Any], tmp_path: Path
) -> None:
    asked = {
        "variables": variables,
        "password": PASSWORD,
        "read_password": "reader-pw-9Z",
        "backup_directory": str(tmp_path / "b"),
    }
    foreseen = module("modem_config", check=True, **asked)
    assert foreseen["changed"] is True
    assert foreseen["diff"]["before"] != foreseen["diff"]["after"]
    assert not (tmp_path / "b").exists()
    assert "telkomsel" not in twin.console("/interface lte apn print terse")
    done = module("modem_config", **asked)
    assert (done["changed"], done["diff"]) == (True, foreseen["diff"])
    assert (
        "reader-pw-9Z" not in done["text"].replace(json.dumps(asked), "").partition("invocation")[0]
    )
    assert len(list((tmp_path / "b").glob("*.txt"))) == 1
    again = module("modem_config", **asked)
    assert (again["changed"], again["commands"]) == (False, [])
    assert len(list((tmp_path / "b").glob("*.txt"))) == 1


def test_wrong_password_is_told_without_it(variables: dict[str, Any]) -> None:
    found = module("modem_info", variables=variables, password="wrong-pw-1X")  # noqa: S106 - a wrong one
    assert found["failed"] is True
    assert "refused the password" in found["msg"]
    assert "wrong-pw-1X" not in found["text"]

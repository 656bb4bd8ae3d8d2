"""A UPS that fails, a server that burns, a stick that is lost: what the roles promise, happens."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import testinfra

from lab.engine import podman, runtime_options
from lab.shell import wait_until
from tests.machines import start, wait_booted

if TYPE_CHECKING:
    from testinfra.host import Host

MACHINES = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "machines"
CONTAINER = "rekamatan-upkeep-kubu"
ACKNOWLEDGED, WAITING = 20, 5
RECORDS = "/var/lib/rekamatan/records"
UPS_FILE = "/etc/kantor.dev"
EXPOSURE_LIMIT = 30
SHUTDOWN_AFTER_S = 25  # in converge.yml
OPENS = "cryptsetup open --type luks2 --test-passphrase --key-file - {device}"


def machine(name: str) -> Host:
    inventory = os.environ["MOLECULE_INVENTORY_FILE"]
    return testinfra.get_host(f"ansible://{name}?ansible_inventory={inventory}")


@pytest.fixture(scope="module")
def server() -> Host:
    return machine("kubu")


@pytest.fixture(scope="module")
def spare() -> Host:
    return machine("cadangan")


@pytest.fixture(scope="module")
def store() -> Host:
    return machine("simpan")


@pytest.fixture(scope="module")
def given() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((MACHINES / "variables.json").read_text())
    return found


def exposure(host: Host, unit: str) -> None:
    verdict = host.run(f"systemd-analyze security --threshold={EXPOSURE_LIMIT} {unit}")
    assert verdict.rc == 0, verdict.stdout[-300:]


def hashes(host: Host, folder: str) -> dict[str, str]:
    """File name to SHA-256, of everything below `folder`."""
    listing = host.check_output(f"cd {folder} && find . -type f -exec sha256sum {{}} +")
    return {line.split()[1]: line.split()[0] for line in listing.splitlines()}


def feed(host: Host, passphrase: str, command: str) -> int:
    """Exit code of `command` with the passphrase as its standard input."""
    return int(host.run(f"printf %s {shlex.quote(passphrase)} | {command}").rc)


# -- Backup ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def backed_up(server: Host) -> dict[str, str]:
    """One run of the very unit that the timer starts; the office's files by hash."""
    done = server.run("systemctl start rekamatan-backup.service")
    assert done.rc == 0, server.check_output("journalctl --no-pager -u rekamatan-backup | tail -20")
    return hashes(server, RECORDS)


def inside_unit(server: Host, command: str) -> subprocess.CompletedProcess[str]:
    """As whoever owns the server can: root, with the backup's own password and key."""
    properties = [
        "LoadCredentialEncrypted=backup-password:/etc/rekamatan/credentials/backup-password.cred",
        "LoadCredentialEncrypted=backup-ssh-key:/etc/rekamatan/credentials/backup-ssh-key.cred",
        "EnvironmentFile=/etc/rekamatan/backup.env",
        "Environment=RESTIC_CACHE_DIR=/var/cache/rekamatan-backup",
    ]
    options = " ".join(f"--property={shlex.quote(p)}" for p in properties)
    script = f"export RESTIC_PASSWORD_FILE=$CREDENTIALS_DIRECTORY/backup-password; {command}"
    found = server.run(
        f"systemd-run --quiet --wait --pipe --collect {options} sh -c {shlex.quote(script)}"
    )
    return subprocess.CompletedProcess(command, found.rc, found.stdout, found.stderr)


def test_backup_runs_by_itself_and_confined(server: Host) -> None:
    assert server.service("rekamatan-backup.timer").is_enabled
    assert server.service("rekamatan-backup.timer").is_running
    exposure(server, "rekamatan-backup.service")
    exposure(server, "rekamatan-restore.service")


@pytest.mark.usefixtures("backed_up")
def test_store_holds_nothing_readable(store: Host, given: dict[str, Any]) -> None:
    folder = "/srv/rekamatan-backup/kubu"
    assert store.check_output(f"ls {folder}").split() != []
    assert store.run(f"grep -rlsF 'canary 5526' {folder}").stdout == ""
    assert store.run(f"grep -rlsF -e {given['backup_password']} /etc /var /srv").stdout == ""


@pytest.mark.usefixtures("backed_up")
def test_who_owns_the_server_does_not_own_its_backups(server: Host, store: Host) -> None:
    folder = "/srv/rekamatan-backup/kubu"
    before = hashes(store, folder)
    inside_unit(server, "timeout 20 restic $BACKUP_OPTIONS forget --keep-last 1 --prune latest")
    inside_unit(server, "timeout 20 restic $BACKUP_OPTIONS forget latest")
    way = "/usr/local/libexec/rekamatan-backup-ssh"
    inside_unit(
        server,
        f"sed 's/ append$/ rm -rf {folder.replace('/', chr(92) + '/')}/' {way} | timeout 20 sh",
    )
    after = hashes(store, folder)
    kept = {name: value for name, value in before.items() if not name.startswith("./locks")}
    assert kept == {name: after.get(name) for name in kept}, "a backup was deleted or changed"
    seen = inside_unit(server, "restic $BACKUP_OPTIONS snapshots --no-lock --json")
    assert len(json.loads(seen.stdout)) >= 1


def test_bare_server_gets_back_count_proof_and_what_waits(
    spare: Host, backed_up: dict[str, str]
) -> None:
    assert not spare.file(f"{RECORDS}/receipts").exists
    done = spare.run("systemctl start rekamatan-restore.service")
    assert done.rc == 0, spare.check_output("journalctl --no-pager -u rekamatan-restore | tail -20")
    restored = hashes(spare, RECORDS)
    wanted = {n: h for n, h in backed_up.items() if n.startswith(("./receipts/", "./spool/"))}
    assert len(wanted) == ACKNOWLEDGED + WAITING
    assert {name: restored.get(name) for name in wanted} == wanted
    owners = spare.check_output(f"find {RECORDS} -printf '%u\\n' | sort -u").split()
    assert owners == ["rekamatan"], "its number is another one here"
    outcome = json.loads(spare.check_output("rekamatan records reconcile --json"))
    assert outcome == {"added": ACKNOWLEDGED + WAITING, "problems": []}
    counts = json.loads(spare.check_output("rekamatan records --json"))
    assert (counts["captured"], counts["acknowledged"]) == (ACKNOWLEDGED + WAITING, ACKNOWLEDGED)
    assert spare.file("/var/lib/rekamatan/evidence/1.jsonl").content_string == "canary 5526\n"


@pytest.mark.usefixtures("backed_up")
def test_second_restore_replaces_nothing_that_is_newer(spare: Host) -> None:
    spare.check_output("echo newer >/var/lib/rekamatan/evidence/1.jsonl")
    spare.check_output("systemctl start rekamatan-restore.service")
    assert spare.file("/var/lib/rekamatan/evidence/1.jsonl").content_string == "newer\n"


# -- The data volume ---------------------------------------------------------------------------


def test_volume_is_luks2_and_the_recovery_passphrase_opens_it(
    server: Host, given: dict[str, Any]
) -> None:
    opens = OPENS.format(device=given["data_volume_device"])
    assert feed(server, given["data_volume_recovery"], opens) == 0
    assert feed(server, "not the passphrase of this volume", opens) == 2
    assert (
        server.run(f"grep -rlsF {given['data_volume_recovery']} /etc /var /run /root").stdout == ""
    )
    assert given["data_volume_recovery"] not in server.check_output("journalctl --no-pager")


def test_stick_opens_it_until_it_is_revoked(server: Host, given: dict[str, Any]) -> None:
    device, recovery = given["data_volume_device"], given["data_volume_recovery"]
    key = "/tmp/stick.key"  # noqa: S108 - in the container
    server.check_output(
        "mount -o ro $(blkid -c /dev/null -L REKAMATAN) /mnt && install -m 600 /mnt/kubu.key"
        f" {key} && umount /mnt"
    )
    assert server.file(key).size == 64
    by_key = f"cryptsetup open --type luks2 --test-passphrase --key-file {key} {device}"
    assert server.run(by_key).rc == 0
    assert feed(server, recovery, "rekamatan-data-volume enroll-token") == 0
    assert feed(server, "wrong words", "rekamatan-data-volume revoke-token") != 0
    assert server.run(by_key).rc == 0
    assert feed(server, recovery, "rekamatan-data-volume revoke-token") == 0
    assert server.run(by_key).rc == 2
    assert feed(server, recovery, OPENS.format(device=device)) == 0
    # The lost stick's key is on the new stick as well here; enrolling it again is a person's act.
    assert feed(server, recovery, "rekamatan-data-volume enroll-token") == 0
    assert server.run(by_key).rc == 0


def test_volume_that_stays_locked_keeps_nothing_from_running(server: Host) -> None:
    """Without device mapper (a container, a broken kernel) it never opens: the worst case."""
    exposure(server, "rekamatan-data-volume.service")
    mount = r"srv-rekamatan\x2ddata.mount"
    assert server.check_output(f"systemctl is-enabled '{mount}'") == "enabled"
    if not server.file("/dev/mapper/control").exists:
        assert server.run("systemctl start rekamatan-data-volume.service").rc != 0
        assert "Recording goes on without it" in server.check_output(
            "journalctl --no-pager -u rekamatan-data-volume"
        )
    needs = server.check_output(f"systemctl show -p RequiredBy --value '{mount}'")
    assert needs.strip() == "", "something would wait for a key"
    assert server.service("nut-monitor").is_running


def apply_volume(tmp_path: Path, variables: dict[str, Any]) -> tuple[int, str]:
    """Role data_volume once more, with other variables; its exit code and what it said."""
    role = {"ansible.builtin.include_role": {"name": "data_volume"}}
    play = {"hosts": "kubu", "gather_facts": False, "vars": variables, "tasks": [role]}
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    argv = [
        "ansible-playbook",
        "-i",
        os.environ["MOLECULE_INVENTORY_FILE"],
        str(tmp_path / "play.yml"),
    ]
    roles = str(Path(os.environ["MOLECULE_PROJECT_DIRECTORY"]) / "roles")
    environment = os.environ | {"ANSIBLE_ROLES_PATH": roles, "ANSIBLE_NOCOLOR": "1"}
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=environment)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def test_disk_that_holds_something_is_not_overwritten(
    server: Host, given: dict[str, Any], tmp_path: Path
) -> None:
    stick = server.check_output("blkid -c /dev/null -L REKAMATAN")
    before = server.check_output(f"sha256sum {stick}")
    code, told = apply_volume(tmp_path, given | {"data_volume_device": stick})
    assert code != 0
    assert "holds something already" in told
    assert server.check_output(f"sha256sum {stick}") == before


def test_volume_that_the_vault_does_not_open_is_refused(
    server: Host, given: dict[str, Any], tmp_path: Path
) -> None:
    device = given["data_volume_device"]
    before = server.check_output(f"cryptsetup luksDump {device}")
    other = given | {"data_volume_recovery": "some other office's passphrase"}
    code, told = apply_volume(tmp_path, other)
    assert code != 0
    assert "does not open its slot 0" in told
    assert given["data_volume_recovery"] not in told
    assert server.check_output(f"cryptsetup luksDump {device}") == before


# -- Power: last, for the server goes off -------------------------------------------------------


def supply(status: str, charge: int = 100) -> None:
    """The UPS says this from now on."""
    text = f"ups.status: {status}\nbattery.charge: {charge}\nbattery.runtime: {charge * 18}\n"
    podman("exec", CONTAINER, "sh", "-c", f"printf %s {shlex.quote(text)} >{UPS_FILE}")


def said(status: str) -> None:
    """Wait until NUT has it from the UPS; asked past the network, which is slow to come back."""

    def it_does() -> bool:
        told = podman("exec", CONTAINER, "upsc", "kantor@localhost", "ups.status", check=False)
        return told.split() == status.split()

    wait_until(f"UPS says {status}", it_does, 90, every=1)


def running() -> bool:
    return podman("inspect", "--format={{.State.Running}}", CONTAINER) == "true"


def test_watchdog_and_ups_are_set_up_and_only_this_server_may_ask(server: Host) -> None:
    assert "1min" in server.check_output("systemctl show -p RuntimeWatchdogUSec")
    for unit in ("nut-server", "nut-monitor"):
        assert server.service(unit).is_running
        assert server.service(unit).is_enabled
    listening = server.check_output("ss -Hltn 'sport = :3493'").split()
    assert listening[3] == "127.0.0.1:3493"
    assert "\n" not in server.check_output("ss -Hltn 'sport = :3493'")
    for name in ("upsd.users", "upsmon.conf"):
        assert server.file(f"/etc/nut/{name}").mode == 0o640
    said("OL")
    assert json.loads(server.check_output("rekamatan power --json"))["supply"] == "mains"


def test_short_failure_is_survived(server: Host) -> None:
    since = int(time.time())
    supply("OB DISCHRG", 90)
    said("OB DISCHRG")
    answer = server.run("rekamatan power --json")
    assert (answer.rc, json.loads(answer.stdout)["supply"]) == (1, "battery")
    supply("OL")
    said("OL")
    time.sleep(SHUTDOWN_AFTER_S + 5)  # longer than the timer that was set: nothing may happen
    assert running()
    said_since = server.check_output(f"journalctl --no-pager -t rekamatan-power --since=@{since}")
    assert "orderly shutdown" not in said_since


@pytest.mark.parametrize("status", ["OB DISCHRG", "OB LB"])
def test_long_failure_or_empty_battery_shuts_down_in_order_and_mains_bring_it_back(
    status: str, tmp_path: Path
) -> None:
    # podman gives a container's journal a file system in memory: it is read along until the end.
    log = tmp_path / "journal"
    argv = ["podman", *runtime_options(), "exec", CONTAINER, "journalctl", "--follow", "--lines=0"]
    with log.open("wb") as stream, subprocess.Popen(argv, stdout=stream) as following:
        supply(status, 15)
        wait_until("the server goes off", lambda: not running(), 120, every=1)
        following.kill()
    before = log.read_text()
    assert "Auto logout and shutdown proceeding" in before
    timer = "on battery for long enough: orderly shutdown"
    assert (timer in before) is (status == "OB DISCHRG")
    root = Path(podman("mount", CONTAINER))
    assert (root / "var/lib/stopped-in-order").exists(), "services were cut off"
    assert (root / "etc/killpower").exists(), "the UPS would not be told to cut its output"
    # The mains are back: the UPS feeds the server, and its firmware switches it on.
    (root / UPS_FILE.lstrip("/")).write_text("ups.status: OL\nbattery.charge: 20\n")
    start(CONTAINER)
    wait_booted(CONTAINER, 120)
    back = machine("kubu")
    said("OL")
    assert "ordering cycle" not in back.check_output("journalctl --no-pager")
    assert back.service("systemd-tmpfiles-setup").is_running, "a part of the boot was left out"
    assert back.service("nut-monitor").is_running
    assert back.service("rekamatan-backup.timer").is_running
    assert json.loads(back.check_output("rekamatan power --json"))["supply"] == "mains"

"""The OpenWrt twin itself: uci as recorded, a shell that fails as ash, flash as flash is."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING

import netmiko
import paramiko
import pytest

from lab.twins.engine.faults import Faults
from lab.twins.openwrt.streams import Input
from tests.contract.openwrt_case import PASSWORD, boot_router
from tests.uci_transcripts import PLACE, steps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.contract.openwrt_case import RunningRouter

# Options and programs the twin does not have, and races
_BEYOND = re.compile(
    r"uci -[ctPpmSf]|^ls|cat -A|sed |chmod|stat |seq |mount |dd if|uniq|ln -s|rmdir|for i|"
    r"ls -la|rm /etc|echo garbage|printf "
)
_CHANGES = re.compile(r"\b(?:set|add|delete|rename|commit|import|rm|printf|sed)\b")


@pytest.fixture
def twin(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[RunningRouter]:
    kind = getattr(request, "param", "modemmanager")
    router = boot_router(tmp_path, kind, Faults())
    yield router
    router.close()


@pytest.mark.skipif(not PLACE.is_dir(), reason="recorded sessions are not at hand")
@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("01-show.txt", 20),
        ("02-get.txt", 24),
        ("03-set.txt", 41),
        ("04-add-lists-delete.txt", 39),
        ("05-changes-revert-savedir.txt", 3),
        ("06-export-import-batch.txt", 5),
        ("08-misc.txt", 5),
        ("10-exit-codes.txt", 15),
    ],
)
def test_uci_answers_as_recorded(twin: RunningRouter, name: str, least: int) -> None:
    """Output, error output and status of the real program, command by command."""
    for command, out, _, _ in steps("00-initial-files.txt"):
        if command.startswith("cat /etc/config/"):
            put = f"cat > {command.split()[1]}"
            twin._call(lambda put=put, out=out: twin.device.run(put, Input(out)))
    twin.console("rm /etc/config/system /etc/config/dropbear /etc/config/firewall")
    compared = 0
    for command, out, err, status in steps(name):
        if _BEYOND.search(command):
            if _CHANGES.search(command):
                break  # from here the recorded device is another one
            continue
        done = twin._call(lambda line=command: twin.device.run(line))
        assert (done.out, done.err, done.status) == (out, err, status), command
        compared += 1
    assert compared >= least


@pytest.mark.parametrize(
    ("line", "out", "err", "status"),
    [
        ("foo --bar", "", "ash: foo: not found\n", 127),
        ("/bin/foo", "", "ash: /bin/foo: not found\n", 127),
        ("/etc/config/network", "", "ash: /etc/config/network: Permission denied\n", 126),
        ("echo 'x", "", "ash: syntax error: unterminated quoted string\n", 2),
        ("if true; then echo x", "",
         'ash: syntax error: unexpected end of file (expecting "fi")\n', 2),
        ("cat /nix", "", "cat: can't open '/nix': No such file or directory\n", 1),
        ("cd /nix", "", "ash: cd: can't cd to /nix: No such file or directory\n", 1),
        ("echo x > /nix/y", "", "ash: can't create /nix/y: nonexistent directory\n", 1),
        ("ubus call network.interface.nix status", "", "Command failed: Not found\n", 4),
        ("ifup nix", "", "Command failed: Not found\n", 4),
        ("mmcli -m 7", "", "error: couldn't find modem\n", 1),
        ("mmcli", "", "error: no actions specified\n", 1),
        ("kill 9", "", "ash: can't kill pid 9: No such process\n", 1),
    ],
)  # fmt: skip
def test_errors_are_the_devices_own(
    twin: RunningRouter, line: str, out: str, err: str, status: int
) -> None:
    done = twin._call(lambda: twin.device.run(line))
    assert (done.out, done.err, done.status) == (out, err, status)


@pytest.mark.parametrize(
    ("line", "out"),
    [
        ("echo a  'b  c' \"$HOME\"x", "a b  c /rootx\n"),
        ("x=1; echo $x${x}y \\$x", "11y $x\n"),
        ("for i in 1 2 3; do echo $i; done | grep -v 2", "1\n3\n"),
        ("false && echo no || echo yes", "yes\n"),
        ("if [ -f /etc/config/network ]; then echo there; else echo gone; fi", "there\n"),
        ('n=; until [ "$n" = xxx ]; do n=x$n; done; echo $n', "xxx\n"),
        ("echo one > /tmp/f; echo two >> /tmp/f; cat < /tmp/f", "one\ntwo\n"),
        ("cat /nix 2>/dev/null; echo $?", "1\n"),
        ("ls /nix 2>&1 | wc -l", "1\n"),
        ("echo $(uci get system.@system[0].hostname)", "kubu\n"),
        ("printf '%s-%s\\n' a b c", "a-b\nc-\n"),
        ("! true; echo $?", "1\n"),
        ("echo a b | sed 's/\\(a\\) b/\\1!/'", "a!\n"),
        ("mkdir -p /tmp/a/b && ls /tmp/a", "b\n"),
        ("sh -c 'echo $1 $#' name x y", "x 2\n"),
        ("echo 'exit 3' | sh; echo $?", "3\n"),
        ("set -- ; [ a = a -a b != c ] && echo ok", "ok\n"),
    ],
)
def test_shell(twin: RunningRouter, line: str, out: str) -> None:
    done = twin._call(lambda: twin.device.run(line))
    assert (done.out, done.err) == (out, "")


def test_staged_is_not_live_and_is_lost_with_the_power(twin: RunningRouter) -> None:
    twin.wait_attached()
    attempts = len(twin.radio.attempts)
    twin.console("uci set network.wwan.apn=internet; ifup wwan")
    twin.wait_for(lambda: len(twin.radio.attempts) > attempts, "not started again")
    assert twin.radio.attempts[-1][1] == "indosatgprs"
    assert twin.console("uci get network.wwan.apn") == "internet\n"
    twin.power_cut()
    twin.boot()
    assert twin.console("uci get network.wwan.apn") == "indosatgprs\n"
    assert twin.console("uci changes") == ""


def test_written_but_not_yet_on_flash_is_lost_with_the_power(tmp_path: Path) -> None:
    twin = boot_router(tmp_path, "modemmanager", Faults(), save_delay_s=3600.0)
    twin.console("uci set network.wwan.apn=lost; uci commit network")
    twin.power_cut()
    twin.boot()
    assert twin.console("uci get network.wwan.apn") == "indosatgprs\n"
    twin.console("uci set network.wwan.apn=kept; uci commit network; sync")
    twin.power_cut()
    twin.boot()
    assert twin.console("uci get network.wwan.apn") == "kept\n"
    twin.close()


def test_slot_is_kept_by_the_modem_itself(twin: RunningRouter) -> None:
    twin.wait_attached()
    answer = twin.console("mmcli -m any --set-primary-sim-slot=2")
    assert answer == "successfully requested primary SIM switch in modem\n"
    assert twin.console("mmcli -m any -J") == "error: couldn't find modem\n"
    assert twin.console("mmcli -L") == "No modems were found\n"
    twin.wait_for(lambda: "Modem/1" in twin.console("mmcli -L"), "the modem did not come back")
    twin.power_cut()
    twin.boot()
    assert twin.device.modem.slot == "2"


@pytest.mark.parametrize("twin", ["rutos"], indirect=True)
def test_toggle_toggles(twin: RunningRouter) -> None:
    twin.wait_attached()
    assert twin.console("gsmctl -T; gsmctl -Y") == "1\nOK\n"
    twin.wait_for(lambda: twin.console("gsmctl -T") == "2\n", "not on the other SIM")
    status = twin.console("ubus call network.interface.mob1s1a1 status")
    assert '"code": "WRONG_SIM"' in status
    assert twin.console("gsmctl -Y") == "OK\n"
    twin.wait_for(lambda: twin.console("gsmctl -T") == "1\n", "not back")


def test_init_scripts_run_before_the_network(twin: RunningRouter) -> None:
    script = "#!/bin/sh\\nuci set network.wwan.apn=boottime; uci commit\\n"
    twin.console(f"printf '{script}' > /etc/y; chmod 755 /etc/y; ln -s /etc/y /etc/rc.d/S10x")
    twin.console("sync")
    twin.power_cut()
    twin.boot()
    attempt = ("510010000000017", "boottime")
    twin.wait_for(lambda: attempt in twin.radio.attempts, "the network was first")


def test_detached_process_outlives_the_session_and_not_the_power(twin: RunningRouter) -> None:
    twin.console("printf '#!/bin/sh\\nsleep 60\\n' > /etc/s; chmod 755 /etc/s")
    twin.console("start-stop-daemon -S -b -m -p /var/run/s.pid -x /etc/s")
    assert twin.console('kill -0 "$(cat /var/run/s.pid)"; echo $?') == "0\n"
    assert "/etc/s" in twin.console("ps")
    twin.console("sync")
    twin.power_cut()
    twin.boot()
    assert "/etc/s" not in twin.console("ps")
    assert twin.console("ls /var/run") == ""


# stock clients


def connection(twin: RunningRouter) -> dict[str, object]:
    return {
        "device_type": "linux",
        "host": "127.0.0.1",
        "port": twin.port,
        "username": "root",
        "password": PASSWORD,
    }


def test_netmiko_finds_it_believable(twin: RunningRouter) -> None:
    with netmiko.ConnectHandler(**connection(twin)) as session:
        assert session.find_prompt() == "root@kubu:~#"
        assert session.send_command("uci get network.wwan.apn") == "indosatgprs"
        assert session.send_command("nix") == "-ash: nix: not found"
        session.send_command("cd /etc/config", expect_string=r"#")
        assert "network" in session.send_command("ls")


def client(twin: RunningRouter) -> paramiko.SSHClient:
    opened = paramiko.SSHClient()
    key = paramiko.PKey.from_path(twin.host_key_file)
    opened.get_host_keys().add(f"[127.0.0.1]:{twin.port}", "ssh-ed25519", key)
    opened.connect("127.0.0.1", twin.port, "root", PASSWORD, allow_agent=False, look_for_keys=False)
    return opened


def test_exec_gives_status_and_separate_errors(twin: RunningRouter) -> None:
    session = client(twin)
    _, out, err = session.exec_command("uci get network.wwan.apn; uci get network.nix")
    assert (out.read(), err.read()) == (b"indosatgprs\n", b"uci: Entry not found\n")
    assert out.channel.recv_exit_status() == 1
    stdin, out, _ = session.exec_command("uci batch; cat /tmp/.uci/network")
    stdin.write("set network.wwan.apn='it'\\''s'\n")
    stdin.channel.shutdown_write()
    assert out.read() == b"network.wwan.apn='it'\\''s'\n"
    session.close()


def test_terminal_cuts_long_lines(twin: RunningRouter) -> None:
    session = client(twin)
    shell = session.invoke_shell()
    shell.settimeout(5)
    shell.send("echo " + "x" * 600 + "\r")
    shell.send("exit\r")
    received = b""
    try:
        while chunk := shell.recv(4096):
            received += chunk
    except socket.timeout:  # noqa: UP041 - paramiko raises the old name
        pytest.fail(f"the session did not end: {received!r}")
    assert b"\n" + b"x" * 506 + b"\r\n" in received
    assert b"\a" in received
    session.close()

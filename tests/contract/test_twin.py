"""The twin itself: it must fail as the device fails, or tests against it prove nothing."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import paramiko
import pytest

from tests.contract.twin_case import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.twins.engine.faults import Faults
    from lab.twins.harness import RunningTwin


@pytest.fixture
def twin(router: RunningTwin) -> RunningTwin:
    return router


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("/ttt", "bad command name ttt (line 1 column 2)"),
        (
            ":put [/system routerboard sim get sim-slot]",
            "bad command name sim (line 1 column 27)",
        ),
        ("/interface lte info lte1 once", "bad command name info (line 1 column 16)"),
        ("/export show-sensitive=yes", "expected end of command (line 1 column 9)"),
        (
            "/interface lte apn add name=x foo=1",
            "expected end of command (line 1 column 31)",
        ),
        (':put "abc', "syntax error (line 1 column 6)"),
        ("/interface lte monitor lte2 once", "no such item"),
        ("/interface lte apn remove nix", "no such item"),
        (
            "/interface lte set lte1 apn-profiles=nix",
            "input does not match any value of apn-profiles",
        ),
        (
            "/interface lte settings set sim-slot=a",
            "input does not match any value of sim-slot",
        ),
    ],
)
def test_errors_are_the_devices_own(twin: RunningTwin, line: str, answer: str) -> None:
    assert twin.console(line) == answer


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (":put [:len [/interface lte apn find]]", "2"),
        (':put [:len [/interface lte apn find name~"^ind" apn!=x]]', "1"),
        (':local a 1; :if ($a = 1 && "x" != "y") do={:put yes} else={:put no}', "yes"),
        (":do {:error oops} on-error={:put caught}", "caught"),
        (':put ("a" . "b")', "ab"),
        ("/interface/lte/settings/set sim-slot=up", ""),
        ("/interface lte set [find name=nobody] mtu=1400", ""),
        (":put [/interface lte apn get indosat use-peer-dns]", "true"),
    ],
)
def test_language(twin: RunningTwin, line: str, answer: str) -> None:
    assert twin.console(line) == answer


def test_parse_error_runs_nothing_of_a_script(twin: RunningTwin) -> None:
    twin.console('/system script add name=s source=":log info first\\n/no such menu"')
    assert "0 I" in twin.console("/system script print detail")
    assert "bad command name no" in twin.console("/system script run s")
    assert twin.console('/log print where message="first"').count("first") == 0


def test_script_needs_no_more_policy_than_its_scheduler(twin: RunningTwin) -> None:
    twin.console('/system script add name=s policy=read,write source=":log info ran"')
    twin.console("/system scheduler add name=weak interval=1s policy=read on-event=s")
    failed = '/log print where message~"not enough permissions"'
    twin.wait_for(lambda: "scheduler failed" in twin.console(failed), "no failure logged")
    assert " ran" not in twin.console("/log print terse")


def test_interval_entry_does_not_run_at_boot(boot: Callable[..., RunningTwin]) -> None:
    twin = boot(startup_s=0.1)
    twin.console("/system scheduler add name=both start-time=startup interval=1h on-event=x")
    twin.console('/system scheduler add name=once start-time=startup on-event=":log info once-ran"')
    twin.wait_saved()
    twin.power_cut()
    twin.boot()
    twin.wait_for(lambda: "once-ran" in twin.console("/log print"), "startup entry did not run")
    assert "run-count=0" in twin.console("/system scheduler print detail where name=both")


def test_use_network_apn_makes_the_apn_ignored(twin: RunningTwin) -> None:
    twin.console("/interface lte apn add name=trap apn=indosatgprs")
    twin.console("/interface lte set lte1 apn-profiles=trap")
    wanted = ("510010000000017", "network-default")
    twin.wait_for(lambda: wanted in twin.radio.attempts, "the named APN was used")


def test_lost_bearer_is_attached_again(twin: RunningTwin) -> None:
    attempts = len(twin.radio.attempts)
    twin.lose_bearer()
    twin.wait_for(lambda: len(twin.radio.attempts) > attempts, "not attached again")
    twin.wait_attached()


def client(twin: RunningTwin, username: str) -> paramiko.SSHClient:
    opened = paramiko.SSHClient()
    opened.get_host_keys().add(
        f"[127.0.0.1]:{twin.port}",
        "ssh-ed25519",
        paramiko.PKey.from_path(twin.host_key_file),
    )
    opened.connect(
        "127.0.0.1",
        twin.port,
        username,
        PASSWORD,
        allow_agent=False,
        look_for_keys=False,
    )
    return opened


def test_exec_gives_status_zero_for_errors(twin: RunningTwin) -> None:
    session = client(twin, "rekamatan")
    _, output, _ = session.exec_command("/ttt")
    assert output.read() == b"bad command name ttt (line 1 column 2)\r\n"
    assert output.channel.recv_exit_status() == 0
    session.close()


def test_shell_takes_return_and_newline_as_one(twin: RunningTwin) -> None:
    session = client(twin, "rekamatan+ct511w4098h")
    shell = session.invoke_shell()
    shell.settimeout(5)
    shell.send(b":put one\r\n:put two\r:put three\nquit\r\n")
    received = b""
    try:
        while chunk := shell.recv(4096):
            received += chunk
    except socket.timeout:  # noqa: UP041 - paramiko raises the old name
        pytest.fail(f"the session did not end: {received!r}")
    text = received.decode()
    assert [text.count(f"{word}\r\n") for word in ("\none", "\ntwo", "\nthree")] == [1, 1, 1]
    # the first prompt and one after each command, each painted twice
    assert text.count("[rekamatan@kubu] > ") == 2 * 4
    session.close()


def test_faults_come_from_the_flash_too(twin: RunningTwin, faults: Faults) -> None:
    del faults
    file = twin.device.config.flash / "faults.json"
    file.write_text('{"answers": {"identity": "failure: broken"}}', encoding="utf-8")
    assert twin.console("/system identity print") == "failure: broken"
    file.unlink()
    assert "kubu" in twin.console("/system identity print")

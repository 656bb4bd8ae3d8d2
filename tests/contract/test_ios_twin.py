"""The IOS twin itself: believable to a stock client, and failing as the device fails."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

import netmiko
import paramiko
import pytest

from lab.twins.harness import DEFAULTS
from tests.contract.bench import until
from tests.contract.booting import booting
from tests.contract.platforms.ios import IosTwin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lab.twins.engine.faults import Faults

PASSWORDS = {name: user["password"] for name, user in DEFAULTS["users"].items()}


@pytest.fixture
def boot(tmp_path: Path, faults: Faults) -> Iterator[Callable[..., IosTwin]]:
    with booting(partial(IosTwin, tmp_path, faults)) as start:
        yield start


@pytest.fixture
def ios(boot: Callable[..., IosTwin]) -> IosTwin:
    twin = boot()
    twin.wait_attached()
    return twin


def stock(twin: Any, device_type: str, username: str = "rekamatan") -> Any:  # noqa: ANN401
    """netmiko as anybody uses it."""
    return netmiko.ConnectHandler(
        device_type=device_type,
        host="127.0.0.1",
        port=twin.port,
        username=username,
        password=PASSWORDS[username],
        read_timeout_override=20,
    )


@pytest.mark.parametrize("device_type", ["cisco_ios", "cisco_xe"])
def test_stock_client_reads(ios: IosTwin, device_type: str) -> None:
    with stock(ios, device_type) as client:
        assert client.find_prompt() == "kubu#"
        (version,) = client.send_command("show version", use_textfsm=True)
        assert version["version"] == "17.09.04a"
        assert version["hostname"] == "kubu"
        rows = client.send_command("show ip interface brief", use_textfsm=True)
        assert {row["interface"] for row in rows} == {"Cellular0/2/0", "Vlan1"}
        assert client.send_command("sh cell 0/2/0 sec").startswith("Active SIM = 0")


def test_stock_client_configures_and_saves(ios: IosTwin) -> None:
    with stock(ios, "cisco_xe") as client:
        output = client.send_config_set(
            ["controller Cellular 0/2/0", "lte sim max-retry 3", "exit", "hostname kubu2"],
            error_pattern=r"% Invalid|% Incomplete",
        )
        assert "kubu(config-controller)#" in output
        client.set_base_prompt()
        assert "lte sim max-retry 3" in client.send_command("show running-config")
        assert "max-retry" not in client.send_command("show startup-config")
        assert "[OK]" in client.save_config()
        assert "max-retry" in client.send_command("show startup-config")


def test_stock_client_sees_its_mistake(ios: IosTwin) -> None:
    with (
        stock(ios, "cisco_ios") as client,
        pytest.raises(netmiko.exceptions.ConfigInvalidException),
    ):
        client.send_config_set(["controler Cellular 0/2/0"], error_pattern=r"% Invalid input")


def test_stock_client_arms_and_confirms(ios: IosTwin) -> None:
    with stock(ios, "cisco_ios") as client:
        text = client.config_mode(config_command="configure terminal revert timer 5")
        assert "Backing up current running config to flash:" in text
        client.send_config_set(["hostname other"], enter_config_mode=False)
        client.set_base_prompt()
        shown = client.send_command("show archive config rollback timer")
        assert "Timer value: 5 min" in shown
        client.send_command("configure confirm")
        shown = client.send_command("show archive config rollback timer")
        assert "%No Rollback Confirmed Change pending" in shown


def test_stock_client_answers_the_dialog(ios: IosTwin) -> None:
    create = "cellular 0/2/0 lte profile create 1 other"
    with stock(ios, "cisco_ios") as client:
        output = client.send_multiline(
            [[create, r"confirm\]"], ["\n", r"confirm\]"], ["\n", r"written to modem"]]
        )
    assert "already exists. Do you want to overwrite? [confirm]" in output
    assert ios.device.profiles()["1"]["apn"] == "other"


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("show celular 0/2/0 all", "          ^\n% Invalid input detected at '^' marker."),
        ("show cellular", "% Incomplete command."),
        ("c terminal", '% Ambiguous command:  "c terminal"'),
        ("cellular 0/2/0 lte profile", "% Incomplete command."),
        ("show archive config rollback timer", "%No Rollback Confirmed Change pending"),
        ("configure confirm", "%No Rollback Confirmed Change pending"),
        ("cellular 0/9/0 lte sim activate slot 1", "% Invalid input detected at '^' marker."),
    ],
)
def test_errors_are_the_devices_own(ios: IosTwin, line: str, answer: str) -> None:
    assert answer in ios.console(line)


def test_no_archive_no_revert_timer(boot: Callable[..., IosTwin]) -> None:
    twin = boot(archive=False)
    assert "archive on before using" in twin.console("configure terminal revert timer 5")
    assert "not enabled" in twin.console("show archive")


def test_reader_reads_only(ios: IosTwin) -> None:
    with stock(ios, "cisco_ios", "rekamatan-read") as client:
        assert "Active SIM" in client.send_command("show cellular 0/2/0 security")
        assert "% Invalid input" in client.send_command("configure terminal")
        assert "% Invalid input" in client.send_command("cellular 0/2/0 lte sim activate slot 1")


def shell(twin: IosTwin) -> tuple[paramiko.SSHClient, paramiko.Channel]:
    opened = paramiko.SSHClient()
    key = paramiko.PKey.from_path(twin.host_key_file)
    opened.get_host_keys().add(f"[127.0.0.1]:{twin.port}", "ssh-ed25519", key)
    opened.connect(
        "127.0.0.1",
        twin.port,
        "rekamatan",
        PASSWORDS["rekamatan"],
        allow_agent=False,
        look_for_keys=False,
    )
    channel = opened.invoke_shell()
    channel.settimeout(10)
    return opened, channel


def expect(channel: paramiko.Channel, pattern: str) -> str:
    received = ""
    while not re.search(pattern, received):
        chunk = channel.recv(4096)
        assert chunk, f"ended before {pattern}: {received!r}"
        received += chunk.decode()
    return received


def test_pager_stops_a_long_output(ios: IosTwin) -> None:
    client, channel = shell(ios)
    expect(channel, "kubu#")
    channel.send(b"show cellular 0/2/0 all\n")
    first = expect(channel, "--More--")
    assert "Modem Security" not in first
    channel.send(b" ")
    expect(channel, "--More--")
    channel.send(b"q")
    expect(channel, "kubu#$")
    channel.send(b"terminal length 0\n")
    expect(channel, "kubu#$")
    channel.send(b"show cellular 0/2/0 all\n")
    assert "--More--" not in expect(channel, "CHV1 Retries.*\r\nkubu#$")
    client.close()


def test_help_and_editing(ios: IosTwin) -> None:
    client, channel = shell(ios)
    expect(channel, "kubu#")
    channel.send(b"show archive ?")
    assert "config" in expect(channel, "kubu#show archive $")
    channel.send(b"\x15show clockk\x7f\n")
    assert re.search(r"\*\d\d:\d\d:\d\d\.000 UTC", expect(channel, "kubu#$"))
    client.close()


def test_only_what_was_written_survives(ios: IosTwin) -> None:
    with stock(ios, "cisco_ios") as client:
        client.send_config_set(["ip domain name saved.example"])
        client.save_config()
        client.send_config_set(["ip domain name lost.example"])
    ios.power_cut()
    ios.boot()
    running = ios.console("show running-config")
    assert "saved.example" in running
    assert "lost.example" not in running


def test_profile_in_the_modem_survives_without_being_written(ios: IosTwin) -> None:
    ios.console("cellular 0/2/0 lte profile create 1 overwritten")
    ios.power_cut()
    ios.boot()
    assert "APN) = overwritten" in ios.console("show cellular 0/2/0 profile 1")


def test_rollback_knows_nothing_of_the_sim(ios: IosTwin) -> None:
    with stock(ios, "cisco_ios") as client:
        client.config_mode(config_command="configure terminal revert timer 1")
        client.send_config_set(
            ["controller Cellular 0/2/0", "lte sim primary slot 1"], enter_config_mode=False
        )
    ios.console("cellular 0/2/0 lte sim activate slot 1")
    ios.advance(61)
    until(lambda: ios.device.revert is None, "rolled back")
    assert "lte sim primary slot 0" in ios.console("show running-config")
    until(lambda: "Active SIM = 1" in ios.console("show cellular 0/2/0 security"), "slot 1")


def test_sim_switch_takes_the_modem_away(boot: Callable[..., IosTwin]) -> None:
    twin = boot(absent_seconds=30.0)
    twin.wait_attached()
    twin.console("cellular 0/2/0 lte sim activate slot 1")
    assert "in reset" in twin.console("show cellular 0/2/0 all")
    assert "unassigned" in twin.console("show ip interface brief")


def test_applet_actions_run_in_the_order_of_their_labels_as_text(ios: IosTwin) -> None:
    with stock(ios, "cisco_ios") as client:
        client.send_config_set(
            [
                "event manager applet order",
                "event timer countdown time 5",
                'action 10 syslog msg "second"',
                'action 9 syslog msg "third"',
                'action 1 syslog msg "first"',
            ]
        )
        assert "order" in client.send_command("show event manager policy registered")
    ios.advance(6)
    until(lambda: "third" in ios.console("show logging"), "the applet ran")
    order = re.findall(r"order: (\w+)", ios.console("show logging"))
    assert order == ["first", "second", "third"]

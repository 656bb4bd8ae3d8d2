"""Other people's clients, as they come, find the twins believable.

netmiko's own device types and huawei-lte-api are always at hand. Ansible's network collections come
with PyPI's `ansible` (600 MB): `make third-party` puts it into `.venv-third-party`, and without it
those tests are skipped.
"""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from huawei_lte_api.Client import Client
from huawei_lte_api.Connection import Connection
from netmiko import ConnectHandler
from netmiko.exceptions import ConfigInvalidException, NetmikoAuthenticationException

from lab.twins.engine.faults import Faults
from tests.contract.bench import WRONG_PASSWORD, Situation, benches, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from netmiko import BaseConnection

    from tests.contract.bench import Twin

ROOT = Path(__file__).parents[2]
ANSIBLE = ROOT / ".venv-third-party" / "bin" / "ansible"
TYPES = {
    "cisco_ios": "ios",
    "cisco_xe": "ios",
    "linux": "openwrt",
    "linux-rutos": "rutos",
    "mikrotik_routeros": "routeros7",
    "mikrotik_routeros-6": "routeros6",
    "vyos": "vyos",
}
ROOT_ON = frozenset({"openwrt", "rutos"})


@pytest.fixture
def twin(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Twin]:
    """The twin of the platform that the test names, its bearer up."""
    bench = benches()[request.param]
    with closing(bench.start(tmp_path, Situation.NORMAL, Faults())) as started:
        until(lambda: started.attached, "the first bearer")
        yield started


def on(*platforms: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("twin", platforms, indirect=True)


def stock(kind: str, twin: Twin, **more: Any) -> BaseConnection:  # noqa: ANN401 - netmiko's own
    """netmiko with nothing but where, who and which type; `cisco_ios` for `ios`, and so on."""
    platform = TYPES[kind]
    bench = benches()[platform]
    username = "root" if platform in ROOT_ON else bench.access(twin).username
    given = {"host": "127.0.0.1", "port": twin.port, "username": username}
    given |= {"password": bench.password, "secret": bench.password, **more}
    connection: BaseConnection = ConnectHandler(device_type=kind.partition("-")[0], **given)
    return connection


@pytest.fixture
def session(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BaseConnection]:
    """A stock session of the device type that the test names."""
    bench = benches()[TYPES[request.param]]
    with closing(bench.start(tmp_path, Situation.NORMAL, Faults())) as started:
        until(lambda: started.attached, "the first bearer")
        connection = stock(request.param, started)
        yield connection
        connection.disconnect()


def of(*kinds: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("session", kinds, indirect=True)


ANSWERS = {
    "cisco_ios": ("show version", "Cisco IOS XE Software, Version 17"),
    "cisco_xe": ("show ip interface brief", "Cellular0/2/0"),
    "linux": ("ubus call system board", '"distribution": "OpenWrt"'),
    "linux-rutos": ("gsmctl -q", "RSRP: -"),
    "mikrotik_routeros": ("/system resource print", "version: 7."),
    "mikrotik_routeros-6": ("/interface lte info lte1 once", "registration-status: registered"),
    "vyos": ("show interfaces", "wwan0"),
}
UNKNOWN = {
    "cisco_ios": "% Invalid input detected at '^' marker.",
    "cisco_xe": "% Invalid input detected at '^' marker.",
    "linux": "not found",
    "linux-rutos": "not found",
    "mikrotik_routeros": "bad command name frobnicate (line 1 column 1)",
    "mikrotik_routeros-6": "bad command name frobnicate (line 1 column 1)",
    "vyos": "Invalid command: [frobnicate]",
}
assert set(ANSWERS) == set(UNKNOWN) == set(TYPES)


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_session_finds_its_prompt_and_each_answer_is_clean(kind: str, tmp_path: Path) -> None:
    bench = benches()[TYPES[kind]]
    with closing(bench.start(tmp_path, Situation.NORMAL, Faults())) as started:
        until(lambda: started.attached, "the first bearer")
        connection = stock(kind, started)
        command, expected = ANSWERS[kind]
        first = connection.send_command(command)
        assert expected in first
        assert "\r" not in first
        assert connection.base_prompt not in first.splitlines()
        assert command not in first
        assert UNKNOWN[kind] in connection.send_command("frobnicate")
        assert expected in connection.send_command(command)  # and the session goes on
        connection.disconnect()


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_wrong_password_is_an_authentication_error(kind: str, tmp_path: Path) -> None:
    bench = benches()[TYPES[kind]]
    with (
        closing(bench.start(tmp_path, Situation.NORMAL, Faults())) as started,
        pytest.raises(NetmikoAuthenticationException),
    ):
        stock(kind, started, password=WRONG_PASSWORD)


@of("cisco_ios", "cisco_xe")
def test_cisco_configuration_mode_paging_and_saving(session: BaseConnection) -> None:
    whole = session.send_command("show running-config")
    assert "--More--" not in whole
    assert whole.rstrip().endswith("end")
    done = session.send_config_set(["interface Loopback0", "description believable"])
    assert "(config-if)#" in done
    assert not session.check_config_mode()
    assert session.check_enable_mode()
    assert "description believable" in session.send_command("show running-config")
    assert "description" not in session.send_command("show startup-config")
    assert "[OK]" in session.save_config()
    assert "description believable" in session.send_command("show startup-config")
    with pytest.raises(ConfigInvalidException):
        session.send_config_set(["frobnicate"], error_pattern=r"% Invalid")
    assert session.check_config_mode()  # where it was left, as on the device
    session.exit_config_mode()
    assert not session.check_config_mode()


@of("cisco_ios")
def test_cisco_answers_fit_public_templates(session: BaseConnection) -> None:
    """ntc-templates were written for real captures."""
    (version,) = session.send_command("show version", use_textfsm=True)
    assert (version["hostname"], version["hardware"]) == ("kubu", ["C1111-8PLTEEA"])
    addresses = session.send_command("show ip interface brief", use_textfsm=True)
    assert [row["interface"] for row in addresses] == ["Cellular0/2/0", "Vlan1"]
    parts = session.send_command("show inventory", use_textfsm=True)
    assert parts[0]["pid"] == "C1111-8PLTEEA"


@of("vyos")
def test_vyos_configuration_mode_commit_and_saving(session: BaseConnection) -> None:
    line = "set interfaces ethernet eth0 description 'believable'"
    session.send_config_set([line], exit_config_mode=False)
    assert session.check_config_mode()
    assert "believable" in session.send_command("compare", expect_string=r"[#\$]")
    session.commit()
    session.save_config()
    session.exit_config_mode()
    assert not session.check_config_mode()
    assert line in session.send_command("show configuration commands")
    session.send_config_set(["set system host-name other"], exit_config_mode=False)
    session.exit_config_mode()  # discards what was not committed
    assert "other" not in session.send_command("show configuration commands")
    session.send_config_set(["delete interfaces wwan wwan0 apn"], exit_config_mode=False)
    with pytest.raises(ValueError, match="Commit failed"):
        session.commit()


@of("linux", "linux-rutos")
def test_router_shell_is_a_shell(session: BaseConnection) -> None:
    assert session.check_enable_mode()
    session.send_config_set(["uci set system.believable=system", "uci commit system"])
    assert "system.believable=system" in session.send_command("uci show system")
    numbers = session.send_command("for n in 1 2 3; do echo $n; done")
    assert numbers.split() == ["1", "2", "3"]
    assert "/overlay" in session.send_command("df")
    assert "load average" in session.send_command("uptime")


@of("mikrotik_routeros", "mikrotik_routeros-6")
def test_routeros_set_is_silent_and_answers_fit_public_templates(session: BaseConnection) -> None:
    session.send_config_set(["/ip dns set servers=192.0.2.53"])
    assert "192.0.2.53" in session.send_command("/ip dns print")
    (system,) = session.send_command("/system resource print", use_textfsm=True)
    assert system["board_name"] == "LtAP mini LTE kit"
    assert system["total_memory"] == "64.0MiB"
    addresses = session.send_command("/ip address print", use_textfsm=True)
    assert {row["interface"] for row in addresses} == {"bridge", "lte1"}


@of("mikrotik_routeros-6")
def test_routeros_6_interfaces_fit_the_public_template(session: BaseConnection) -> None:
    """The template knows the legend of 6 only; 7.24 writes it in capitals."""
    found = session.send_command("/interface print detail", use_textfsm=True)
    assert {row["name"] for row in found} == {"ether1", "bridge", "lte1"}


@on("hilink")
def test_huawei_client_reads_and_redials(twin: Twin) -> None:
    bench = benches()["hilink"]
    url = f"http://admin:{bench.password}@127.0.0.1:{twin.port}/"
    with Connection(url, timeout=5) as connection:
        client = Client(connection)
        assert client.device.information()["Imsi"] == bench.home.sim.imsi
        assert client.net.current_plmn()["Numeric"] in bench.home.plmns
        assert client.monitoring.status()["ConnectionStatus"] == "901"
        assert client.device.signal()["rsrp"].endswith("dBm")
        profiles = client.dial_up.profiles()
        assert profiles["CurrentProfile"]
        assert client.dial_up.set_mobile_dataswitch(0) == "OK"
        until(lambda: not twin.attached, "the bearer is down")
        assert client.dial_up.set_mobile_dataswitch(1) == "OK"
        until(lambda: twin.attached, "the bearer is up again")


NETWORK_OS = {
    "ios": "cisco.ios.ios",
    "routeros6": "community.routeros.routeros",
    "routeros7": "community.routeros.routeros",
    "vyos": "vyos.vyos.vyos",
}
with_collections = pytest.mark.skipif(
    not ANSIBLE.exists(), reason="no network collections: `make third-party`"
)


@pytest.fixture
def ansible(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """One module of a collection, run on the twin of the platform that the test names."""
    platform = request.param
    bench = benches()[platform]
    (tmp_path / "ansible.cfg").write_text("[defaults]\nhost_key_checking = false\n")
    with closing(bench.start(tmp_path, Situation.NORMAL, Faults())) as started:
        until(lambda: started.attached, "the first bearer")
        inventory = tmp_path / "hosts.json"
        inventory.write_text(json.dumps(_inventory(platform, started)))

        def run(module: str, **arguments: object) -> dict[str, Any]:
            return _run(tmp_path, inventory, module, arguments)

        yield run


def _inventory(platform: str, twin: Twin) -> dict[str, Any]:
    bench = benches()[platform]
    user = bench.access(twin).username
    host = {
        "ansible_host": "127.0.0.1",
        "ansible_port": twin.port,
        # RouterOS takes console options behind a "+": no colours, a terminal that does not wrap
        "ansible_user": f"{user}+cet1024w" if platform.startswith("routeros") else user,
        "ansible_password": bench.password,
        "ansible_connection": "ansible.netcommon.network_cli",
        "ansible_network_os": NETWORK_OS[platform],
        "ansible_network_cli_ssh_type": "paramiko",
        "ansible_host_key_auto_add": True,
    }
    if platform == "ios":
        host |= {"ansible_become": True, "ansible_become_method": "enable"}
    return {"all": {"hosts": {"twin": host}}}


def _run(home: Path, inventory: Path, module: str, arguments: dict[str, object]) -> dict[str, Any]:
    done = subprocess.run(
        [ANSIBLE, "-i", inventory, "twin", "-m", module, "-a", json.dumps(arguments), "-o"],
        capture_output=True,
        text=True,
        check=False,
        cwd=home,
        timeout=240,
        env={**os.environ, "ANSIBLE_CONFIG": str(home / "ansible.cfg"), "HOME": str(home)}
        | {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_DEPRECATION_WARNINGS": "False"},
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    found: dict[str, Any] = json.loads(done.stdout.partition("=>")[2])
    return found


def of_os(*platforms: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("ansible", platforms, indirect=True)


@with_collections
@of_os("ios")
def test_cisco_modules(ansible: Callable[..., Any]) -> None:
    answers = ansible("cisco.ios.ios_command", commands=["show version", "show ip interface brief"])
    assert "Cellular0/2/0" in answers["stdout"][1]
    facts = ansible("cisco.ios.ios_facts", gather_subset="all")["ansible_facts"]
    assert (facts["ansible_net_hostname"], facts["ansible_net_model"]) == ("kubu", "C1111-8PLTEEA")
    assert set(facts["ansible_net_interfaces"]) == {"Cellular0/2/0", "Vlan1"}
    assert facts["ansible_net_filesystems"] == ["bootflash:"]
    line = {"parents": ["interface Loopback0"], "lines": ["description believable"]}
    assert ansible("cisco.ios.ios_config", **line)["changed"]
    assert not ansible("cisco.ios.ios_config", **line)["changed"]


@with_collections
@of_os("vyos")
def test_vyos_modules(ansible: Callable[..., Any]) -> None:
    answers = ansible("vyos.vyos.vyos_command", commands=["show version", "show interfaces"])
    assert "wwan0" in answers["stdout"][1]
    subset = ["default", "config"]
    facts = ansible("vyos.vyos.vyos_facts", gather_subset=subset)["ansible_facts"]
    assert (facts["ansible_net_hostname"], facts["ansible_net_model"]) == ("kubu", "apu2")
    line = {"lines": ["set interfaces ethernet eth0 description believable"], "save": True}
    assert ansible("vyos.vyos.vyos_config", **line)["changed"]
    assert not ansible("vyos.vyos.vyos_config", **line)["changed"]


@with_collections
@of_os("routeros6", "routeros7")
def test_routeros_modules(ansible: Callable[..., Any]) -> None:
    answers = ansible("community.routeros.command", commands=["/system resource print"])
    assert "board-name: LtAP mini LTE kit" in answers["stdout"][0]
    subset = ["default", "hardware", "interfaces", "config"]
    facts = ansible("community.routeros.facts", gather_subset=subset)["ansible_facts"]
    assert facts["ansible_net_hostname"] == "kubu"
    assert facts["ansible_net_serialnum"] == "TWIN00000001"
    assert facts["ansible_net_memtotal_mb"] == 64.0
    assert set(facts["ansible_net_interfaces"]) == {"ether1", "bridge", "lte1"}

"""What goes wrong in a district, on demand. The only back door into the lab."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lab import carrier as carrier_files
from lab import district as lab_district
from lab import engine, network, state
from lab.errors import LabError
from lab.topology import DATA_CENTRE

if TYPE_CHECKING:
    import argparse

    from lab.topology import Carrier, District


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `fault NAME ...`."""
    parser = commands.add_parser("fault", help="break something, or mend it")
    names = parser.add_subparsers(dest="fault", required=True, metavar="name")
    for name, help_text, act in (
        ("cut-carrier", "no radio: neither attach nor data", _cut_carrier),
        ("wrong-apn", "the carrier no longer offers the planned APN (cause 219)", _wrong_apn),
        ("dead-path", "attach works, nothing reaches the data centre", _dead_path),
        ("slow-link", "another link profile, while traffic flows", _slow_link),
    ):
        fault = names.add_parser(name, help=help_text)
        fault.add_argument("carrier")
        fault.add_argument("--restore", action="store_true", help="mend it")
        fault.set_defaults(run=_changing(act))
        if name in {"cut-carrier", "slow-link"}:
            fault.add_argument("--site", help="only this site")
        if name == "slow-link":
            fault.add_argument("--profile", help="a name in lab/link_profiles.json")
    cut = names.add_parser("power-cut", help="unsynced data is lost; boots again")
    cut.add_argument("nodes", nargs="+", metavar="node")
    cut.add_argument("--stay-off", action="store_true", help="do not boot again")
    cut.set_defaults(run=_changing(_power_cut))
    power_on = names.add_parser("power-on", help="boot what is off")
    power_on.add_argument("nodes", nargs="+", metavar="node")
    power_on.set_defaults(run=_changing(_power_on))
    centre = names.add_parser("datacentre-down", help="the data centre is off the network")
    centre.add_argument("--restore", action="store_true", help="mend it")
    centre.set_defaults(run=_changing(_datacentre_down))


def _changing(act: Any) -> Any:  # noqa: ANN401 - argparse hands over whatever it was given
    """The command `act(district, arguments)` under the lab's lock."""

    def command(arguments: argparse.Namespace) -> int:
        with state.exclusive():
            act(state.load(), arguments)
        return 0

    return command


def _cut_carrier(district: District, arguments: argparse.Namespace) -> None:
    carrier = district.carrier(arguments.carrier)
    sites = [district.site(arguments.site)] if arguments.site else district.sites
    ports = network.inside(carrier.node, "br-gn")
    word = "up" if arguments.restore else "down"
    ports.ip(*[f"link set {network.access_port(site)} {word}" for site in sites], force=True)
    _note(arguments, carrier.slug, arguments.site)


def _wrong_apn(district: District, arguments: argparse.Namespace) -> None:
    carrier = district.carrier(arguments.carrier)
    text = carrier_files.ggsn_config(carrier, district.service_address, offered=arguments.restore)
    engine.inside(carrier.node, "tee", carrier_files.GGSN_CONFIG, stdin=text)
    engine.inside(carrier.node, "systemctl", "restart", "osmo-ggsn.service")
    _note(arguments, carrier.slug)


def _dead_path(district: District, arguments: argparse.Namespace) -> None:
    tell_relay(district.carrier(arguments.carrier), {"dead": not arguments.restore})
    _note(arguments, arguments.carrier)


def _slow_link(district: District, arguments: argparse.Namespace) -> None:
    carrier = district.carrier(arguments.carrier)
    if not arguments.restore and not arguments.profile:
        hint = "--profile NAME, or --restore"
        raise LabError(carrier.slug, "change its links", "no profile named", hint)
    for site in [district.site(arguments.site)] if arguments.site else district.sites:
        planned = site.link_profile(carrier.slug)
        profile = planned if arguments.restore else arguments.profile
        imsi = site.imsi(carrier.slug)
        if imsi and profile:
            tell_relay(carrier, {"profile": profile, "imsi": imsi})
    _note(arguments, carrier.slug, arguments.site)


def tell_relay(carrier: Carrier, request: dict[str, Any]) -> dict[str, Any]:
    """Ask or command the carrier's relay; raises `LabError` when it refuses."""
    command = ["python3", "-m", "lab.relay", "--tell", json.dumps(request)]
    argv = ["env", f"PYTHONPATH={carrier_files.CODE}", *command]
    answer: dict[str, Any] = json.loads(engine.inside(carrier.node, *argv).stdout)
    if "error" in answer:
        hint = f"one of: {', '.join(answer['profiles'])}"
        raise LabError(carrier.node, "change a link", answer["error"], hint)
    return answer


def power_cut(district: District, nodes: list[str], *, boot: bool = True) -> None:
    """Cut the power of some nodes at once: what had not reached a disk is gone.

    First the cables go dead, so that nobody hears of anything done after that moment; a machine
    without power sends no FIN either.
    """
    known = district.nodes()
    for node in nodes:
        if node not in known or node.startswith("carrier-"):
            names = ", ".join(name for name in known if not name.startswith("carrier-"))
            raise LabError(node, "cut its power", "no such machine", f"one of: {names}")
    for node in nodes:
        if engine.is_running(node):
            network.unplug(node)
    for node in nodes:
        engine.kill(node)
    for node in nodes:
        for disk in district.disks(node):
            disk.thaw(disk.freeze())
    if boot:
        for node in nodes:
            lab_district.power_on(node, district)


def _power_cut(district: District, arguments: argparse.Namespace) -> None:
    power_cut(district, arguments.nodes, boot=not arguments.stay_off)


def _power_on(district: District, arguments: argparse.Namespace) -> None:
    for node in arguments.nodes:
        lab_district.power_on(node, district)


def _datacentre_down(district: District, arguments: argparse.Namespace) -> None:
    if arguments.restore:
        lab_district.plug_data_centre(district)
    else:
        network.unplug(DATA_CENTRE)
    _note(arguments)


def _note(arguments: argparse.Namespace, *words: str | None) -> None:
    name = " ".join(word for word in (arguments.fault, *words) if word)
    state.note_fault(name, active=not arguments.restore)

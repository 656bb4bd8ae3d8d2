"""Operational commands, and the few shell commands a driver needs: the console is a shell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lab.twins.engine.ssh_server import HangUpError
from lab.twins.routeros7.live import ping as ping_table
from lab.twins.vyos import modem_text
from lab.twins.vyos.settings import VyosError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.twins.vyos.session import Session

_MATCH = re.compile(r"^(show .*?) \| (match|no-match|grep) (.+)$")
_SWITCHED = "successfully requested primary SIM switch in modem"


async def run(session: Session, line: str) -> str:
    """One line. Raises `VyosError`."""
    if piped := _MATCH.match(line):
        text = await run(session, piped[1])
        keep = piped[2] != "no-match"
        pattern = piped[3].strip("'\"")
        return "\n".join(s for s in text.splitlines() if bool(re.search(pattern, s)) == keep)
    if found := re.fullmatch(r"ping ([\d.]+)(?: .*)?", line):
        return await ping_table(found[1], 4)
    if line == "reboot now":
        await session.device.reboot()
        raise HangUpError
    for pattern, act in _COMMANDS:
        if found := re.fullmatch(pattern, line):
            return act(session, found)
    raise VyosError(f"\n  Invalid command: [{line.split(maxsplit=1)[0]}]\n")


def _nothing(session: Session, found: re.Match[str]) -> str:
    del session, found
    return ""


def _length(session: Session, found: re.Match[str]) -> str:
    session.rows = int(found[1])
    return ""


def _version(session: Session, found: re.Match[str]) -> str:
    del found
    config = session.device.config
    return (
        f"Version:          VyOS {config.version}\nRelease train:    current\n\n"
        "Built by:         autobuild@vyos.net\nArchitecture:     x86_64\n"
        "Boot via:         installed image\nSystem type:      bare metal\n\n"
        f"Hardware vendor:  PC Engines\nHardware model:   apu2\nHardware S/N:     {config.serial}\n"
    )


def _host_name(session: Session, found: re.Match[str]) -> str:
    del found
    return session.device.hostname


def _commits(session: Session, found: re.Match[str]) -> str:
    """The newest first, as 1.4 and later list them."""
    del found
    return f"0   {session.device.clock.now():%Y-%m-%d %H:%M:%S} by vyos via cli"


def _commands(session: Session, found: re.Match[str]) -> str:
    del found
    return session.device.active.commands()


def _interfaces(session: Session, found: re.Match[str]) -> str:
    """The table of 1.4 and later; 1.3 shows name, address, state and description only."""
    del found
    device, name = session.device, session.device.config.interface
    bearer = device.modem.bearer
    description = device.active.value(f"interfaces wwan {name} description") or ""
    address = f"{bearer.address}/30" if bearer else "-"
    state = "u/u" if bearer else "u/D"
    lan = device.active.value("interfaces ethernet eth0 address") or "-"
    codes = "Codes: S - State, L - Link, u - Up, D - Down, A - Admin Down\n"
    if device.config.version.startswith("1.3"):
        return (
            f"{codes}Interface        IP Address                        S/L  Description\n"
            "---------        ----------                        ---  -----------\n"
            f"eth0             {lan:<33} u/u  \n"
            "lo               127.0.0.1/8                       u/u  \n"
            "                 ::1/128\n"
            f"{name:<16} {address:<33} {state}  {description}"
        )
    mac, vrf = "00:53:00:00:00:01", "default"
    return (
        f"{codes}"
        "Interface    IP Address        MAC                VRF        MTU  S/L    Description\n"
        "-----------  ----------------  -----------------  -------  -----  -----  -------------\n"
        f"eth0         {lan:<16}  {mac:<17}  {vrf:<7}   1500  u/u\n"
        f"lo           {'127.0.0.1/8':<16}  {'00:00:00:00:00:00':<17}  {vrf:<7}  65536  u/u\n"
        "             ::1/128\n"
        f"{name:<11}  {address:<16}  {'n/a':<17}  {vrf:<7}   1500  {state}    {description}"
    )


def _wwan(session: Session, found: re.Match[str]) -> str:
    device = session.device
    if found[1] != device.config.interface:
        return f'Interface "{found[1]}" unconfigured!'
    return {"summary": modem_text.modem, "detail": modem_text.modem, "signal": modem_text.signal}[
        found[2]
    ](device)


def _route(session: Session, found: re.Match[str]) -> str:
    del found
    if session.device.modem.bearer is None:
        return "% Network not in table"
    return (
        "Routing entry for 0.0.0.0/0\n"
        '  Known via "static", distance 210, metric 0, best\n'
        "  Last update 00:01:20 ago\n"
        f"  * directly connected, {session.device.config.interface}, weight 1\n"
    )


def _modem(session: Session, found: re.Match[str]) -> str:
    del found
    return modem_text.modem(session.device)


def _sim(session: Session, found: re.Match[str]) -> str:
    del found
    return modem_text.sim(session.device)


def _select_slot(session: Session, found: re.Match[str]) -> str:
    device = session.device
    if device.modem.absent:
        return modem_text.NO_MODEM
    if found[1] not in {"1", "2"}:
        return "error: couldn't request primary SIM switch in modem: unknown slot"
    if found[1] != device.slot:
        device.select_slot(found[1])
    return _SWITCHED


def _timer(session: Session, found: re.Match[str]) -> str:
    del found
    device = session.device
    if not device.unconfirmed:
        return "ActiveState=inactive\nNextElapseUSecMonotonic=infinity"
    due = device.alarms.at("commit-confirm") or 0.0
    return f"ActiveState=active\nNextElapseUSecMonotonic={_span(due - device.booted_at)}"


def _span(seconds: float) -> str:
    if seconds == float("inf"):
        return "infinity"
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}h {minutes}min {rest:.6f}s" if hours else f"{minutes}min {rest:.6f}s"


def _uptime(session: Session, found: re.Match[str]) -> str:
    del found
    up = session.device.clock.monotonic() - session.device.booted_at
    return f"{up:.2f} {up * 3:.2f}"


def _is_active(session: Session, found: re.Match[str]) -> str:
    return "active" if found[1] in session.device.units else "inactive"


def _start_unit(session: Session, found: re.Match[str]) -> str:
    unit = f"{found[2]}.timer"
    if unit in session.device.units:
        return f"Failed to start transient timer unit: Unit {unit} was already loaded."
    session.device.start_unit(unit, float(found[1]), found[3])
    return ""


def _stop_unit(session: Session, found: re.Match[str]) -> str:
    unit = found[1]
    if unit not in session.device.units:
        return f"Failed to stop {unit}: Unit {unit} not loaded."
    session.device.stop_unit(unit)
    return ""


def _append(session: Session, found: re.Match[str]) -> str:
    session.device.append(found[2], found[1])
    return ""


def _drop(session: Session, found: re.Match[str]) -> str:
    session.device.drop_lines(found[2], found[1])
    return ""


def _grep(session: Session, found: re.Match[str]) -> str:
    lines = session.device.files.get(found[2], "").splitlines()
    return "\n".join(line for line in lines if re.search(found[1], line))


_COMMANDS: tuple[tuple[str, Callable[[Session, re.Match[str]], str]], ...] = (
    (r"(?:set )?terminal width \d+", _nothing),
    (r"(?:set )?terminal length (\d+)", _length),
    (r"show version", _version),
    (r"show host name", _host_name),
    (r"show system commit", _commits),
    (r"show configuration commands", _commands),
    (r"show interfaces", _interfaces),
    (r"show interfaces wwan (\S+) (summary|detail|signal)", _wwan),
    (r"show ip route 0\.0\.0\.0(?:/0)?", _route),
    (r"(?:sudo )?mmcli (?:--modem|-m) any", _modem),
    (r"(?:sudo )?mmcli (?:--sim|-i) any", _sim),
    (r"(?:sudo )?mmcli (?:--modem|-m) any --set-primary-sim-slot=(\d+)", _select_slot),
    (r"systemctl show (?:--no-pager )?commit-confirm\.timer .*", _timer),
    (r"systemctl is-active (\S+)", _is_active),
    (r"sudo systemd-run --quiet --on-active=(\d+)s --unit=(\S+) (sh -c .+)", _start_unit),
    (r"sudo systemctl stop (\S+)", _stop_unit),
    (r"printf '%s\\n' '([^']*)' \| sudo tee -a (\S+) > /dev/null", _append),
    (r"sudo sed -i '/([^/]*)/d' (\S+)", _drop),
    (r"grep '([^']*)' (\S+)", _grep),
    (r"cat /proc/uptime", _uptime),
)

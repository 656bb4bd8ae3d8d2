"""EXEC mode: the modem's own commands, rollback and saving."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.twins.engine.ssh_server import HangUpError
from lab.twins.ios import facts, shows
from lab.twins.ios.grammar import Grammar, IosError
from lab.twins.routeros7.live import ping as ping_table

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from lab.twins.ios.session import Session

_ENTERING = "Enter configuration commands, one per line.  End with CNTL/Z."
_NO_ARCHIVE = "%Please turn config archive on before using Rollback Confirmed Change\n"
_FOR_READERS = ("show", "ping", "terminal", "exit", "logout", "enable", "disable")


def grammar_of(session: Session) -> Grammar:
    """What may be typed; who only reads has fewer commands."""
    patterns = [
        pattern
        for pattern in _COMMANDS
        if session.privilege >= shows.FULL or pattern.split()[0] in _FOR_READERS
    ]
    if session.device.config.keeps == "config":
        patterns = [p for p in patterns if "lte profile" not in p]
    return Grammar(patterns)


async def run(session: Session, line: str) -> str:
    """One line. Raises `IosError`."""
    indent = len(session.prompt) + len(line) - len(line.lstrip())
    match = grammar_of(session).match(line.strip(), indent)
    return await _COMMANDS[match.pattern](session, *match.arguments)


async def _nothing(session: Session, *arguments: str) -> str:
    del session, arguments
    return ""


async def _length(session: Session, rows: str) -> str:
    session.rows = int(rows)
    return ""


async def _exit(session: Session) -> str:
    session.over = True
    return ""


async def _configure(session: Session) -> str:
    session.mode = "config"
    return _ENTERING


async def _configure_revert(session: Session, minutes: str) -> str:
    device = session.device
    if "archive" not in device.running:
        raise IosError(_NO_ARCHIVE)
    if device.revert is not None:
        raise IosError("%Another Rollback Confirmed Change is pending\n")
    file = device.arm_revert(int(minutes), session.username)
    session.mode = "config"
    return f"Rollback Confirmed Change: Backing up current running config to {file}\n\n{_ENTERING}"


async def _confirm(session: Session) -> str:
    if session.device.revert is None:
        raise IosError(shows.NONE_PENDING)
    session.device.confirm()
    return ""


async def _revert_now(session: Session) -> str:
    if session.device.revert is None:
        raise IosError(shows.NONE_PENDING)
    session.device.roll_back()
    return "Total number of passes: 1\nRollback Done\n"


async def _revert_timer(session: Session, minutes: str) -> str:
    if session.device.revert is None:
        raise IosError(shows.NONE_PENDING)
    session.device.rearm_revert(int(minutes))
    return ""


async def _write(session: Session) -> str:
    session.device.write_startup()
    return "Building configuration...\n[OK]"


async def _copy_startup(session: Session) -> str:
    await session.ask_line("Destination filename [startup-config]? ")
    return await _write(session)


async def _create(session: Session, unit: str, number: str, apn: str, *rest: str) -> str:
    shows.check_unit(session, unit)
    device = session.device
    auth, user, password = rest if len(rest) > 1 else ("none", "", "")
    if number in device.profiles():
        question = f"Profile {number} already exists. Do you want to overwrite? [confirm]"
        if await session.ask(question) not in "y\n":
            return "Profile not written"
    verb = "overwritten" if number in device.profiles() else "written"
    summary = f"\nProfile {number} will be {verb} with the following values:\n"
    question = f"{summary}PDP type = IPv4\nAPN = {apn}\nAre you sure? [confirm]"
    if await session.ask(question) not in "y\n":
        return "Profile not written"
    device.write_profile(number, {"apn": apn, "auth": auth, "user": user, "password": password})
    return f"Profile {number} written to modem"


async def _create_open(session: Session, unit: str, number: str, apn: str) -> str:
    return await _create(session, unit, number, apn)


async def _delete(session: Session, unit: str, number: str) -> str:
    shows.check_unit(session, unit)
    if await session.ask(f"Profile {number} will be deleted. Are you sure? [confirm]") in "y\n":
        session.device.write_profile(number, None)
        return f"Profile {number} deleted from modem"
    return ""


async def _activate(session: Session, unit: str, slot: str) -> str:
    shows.check_unit(session, unit)
    if slot not in {"0", "1"}:
        raise IosError("% Invalid input detected at '^' marker.\n")
    if slot != session.device.active_slot:
        session.device.activate(slot)
    return ""


async def _ping(session: Session, address: str, *options: str) -> str:
    del session, options
    count = 5
    table = await ping_table(address, count)
    answered = [line for line in table.splitlines()[1:-1] if "timeout" not in line]
    marks = "".join("." if "timeout" in line else "!" for line in table.splitlines()[1:-1])
    return (
        f"Type escape sequence to abort.\nSending {count}, 100-byte ICMP Echos to {address}, "
        f"timeout is 2 seconds:\n{marks}\n"
        f"Success rate is {100 * len(answered) // count} percent ({len(answered)}/{count})"
    )


async def _reload(session: Session) -> str:
    if await session.ask("Proceed with reload? [confirm]") not in "y\n":
        return ""
    await session.device.power_cut()
    raise HangUpError


_LTE = "cellular UNIT lte"
_COMMANDS: dict[str, Callable[..., Awaitable[str]]] = {
    "terminal length NUMBER": _length,
    "terminal width NUMBER": _nothing,
    "terminal monitor": _nothing,
    "terminal no monitor": _nothing,
    "enable": _nothing,
    "disable": _nothing,
    "exit": _exit,
    "logout": _exit,
    "show version": shows.version,
    "show clock": shows.clock,
    "show privilege": shows.privilege,
    "show logging": shows.log,
    "show running-config": shows.running,
    "show startup-config": shows.startup,
    "show archive": shows.archive,
    "show archive config rollback timer": shows.revert_timer,
    "show event manager environment all": shows.environment,
    "show event manager policy registered": shows.policies,
    "show inventory": facts.inventory,
    "show interfaces": facts.interfaces,
    "show ip interface": facts.ip_interface,
    "show ipv6 interface": _nothing,
    "show lldp": facts.no_lldp,
    "show cdp": facts.no_cdp,
    "dir": facts.flash,
    "show ip interface brief": shows.ip_interfaces,
    "show ip route": shows.route,
    "show ip route ADDRESS": shows.route,
    **{
        f"show cellular UNIT {section}": shows.of_modem(section)
        for section in ("all", "hardware", "profile", "connection", "network", "radio", "security")
    },
    "show cellular UNIT profile NUMBER": shows.of_modem("profile"),
    "ping ADDRESS": _ping,
    "ping ADDRESS REST": _ping,
    "configure terminal": _configure,
    "configure terminal revert timer NUMBER": _configure_revert,
    "configure confirm": _confirm,
    "configure revert now": _revert_now,
    "configure revert timer NUMBER": _revert_timer,
    "write": _write,
    "write memory": _write,
    "copy running-config startup-config": _copy_startup,
    f"{_LTE} profile create NUMBER WORD": _create_open,
    f"{_LTE} profile create NUMBER WORD none": _create_open,
    f"{_LTE} profile create NUMBER WORD none ipv4": _create_open,
    f"{_LTE} profile create NUMBER WORD WORD WORD WORD": _create,
    f"{_LTE} profile create NUMBER WORD WORD WORD WORD ipv4": _create,
    f"{_LTE} profile delete NUMBER": _delete,
    f"{_LTE} sim activate slot NUMBER": _activate,
    "reload": _reload,
}

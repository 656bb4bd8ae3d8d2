"""Programs of the system: processes, log, ubus, interfaces, ping."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any

from lab.twins.openwrt.netifd import DEVICE
from lab.twins.openwrt.shell import Shell
from lab.twins.openwrt.streams import Streams

if TYPE_CHECKING:
    from lab.twins.openwrt.shell import Program

_NOT_FOUND_STATUS = 4
_COLUMNS = "  PID USER       VSZ STAT COMMAND"


def blob(value: object) -> str:
    """JSON as ubus prints it: tabs, and empty collections over three lines."""
    text = json.dumps(value, indent="\t", ensure_ascii=False)
    return re.sub(
        r"^(\t*)(.*)(\[\]|\{\})(,?)$",
        lambda m: f"{m[1]}{m[2]}{m[3][0]}\n{m[1]}\t\n{m[1]}{m[3][1]}{m[4]}",
        text,
        flags=re.MULTILINE,
    )


async def _sync(sh: Shell, arguments: list[str], io: Streams) -> int:
    del arguments, io
    sh.device.store.flush()
    return 0


async def _logger(sh: Shell, arguments: list[str], io: Streams) -> int:
    del io
    words, tag = list(arguments), "root"
    while words and words[0].startswith("-"):
        option = words.pop(0)
        value = words.pop(0) if option in {"-t", "-p"} and words else ""
        tag = value if option == "-t" else tag
    sh.device.log(f"{tag}: {' '.join(words)}")
    return 0


async def _logread(sh: Shell, arguments: list[str], io: Streams) -> int:
    wanted = arguments[arguments.index("-e") + 1] if "-e" in arguments[:-1] else ""
    io.out += [f"{line}\n" for line in sh.device.log_lines if re.search(wanted, line)]
    return 0


async def _start_stop_daemon(sh: Shell, arguments: list[str], io: Streams) -> int:
    at = arguments.index("--") if "--" in arguments else len(arguments)
    own, rest = arguments[:at], arguments[at + 1 :]
    options: dict[str, str] = {}
    words = iter(own)
    for word in words:
        options[word] = next(words, "") if word in {"-x", "-p", "-n", "-a"} else ""
    if "-K" in options:
        return _stop_daemon(sh, options, io)
    if "-S" not in options or "-x" not in options or "-b" not in options:
        io.complain("BusyBox v1.36.1 multi-call binary.\n\nUsage: start-stop-daemon -S|-K ...")
        return 1
    command = [options["-x"], *rest]
    node = sh.device.files.node(command[0])
    if node is None:
        io.complain(f"start-stop-daemon: can't execute '{command[0]}': No such file or directory")
        return 1
    pid = sh.device.processes.start(" ".join(command), lambda pid: _daemon(sh, command, pid))
    if "-m" in options and "-p" in options:
        sh.device.files.write(sh.path(options["-p"]), f"{pid}\n")
    return 0


async def _daemon(sh: Shell, command: list[str], pid: int) -> None:
    child = Shell(sh.device, command[0], tuple(command[1:]), pid=pid, detached=True)
    text = sh.device.files.read(command[0])
    await child.run_text(text, Streams())


def _stop_daemon(sh: Shell, options: dict[str, str], io: Streams) -> int:
    path = sh.path(options.get("-p", ""))
    text = sh.device.files.read(path).strip() if sh.device.files.node(path) else ""
    if text.isdigit() and sh.device.processes.kill(int(text)):
        return 0
    io.say(f"no {options.get('-x', 'process')} found; none killed")
    return 1


async def _ps(sh: Shell, arguments: list[str], io: Streams) -> int:
    del arguments
    io.say(_COLUMNS)
    for pid, name in [(1, "/sbin/procd"), *sh.device.processes.table()]:
        io.say(f"{pid:5} root      1344 S    {name}")
    return 0


async def _uname(sh: Shell, arguments: list[str], io: Streams) -> int:
    name = sh.device.hostname
    full = f"Linux {name} 5.15.150 #0 SMP Fri Mar 22 22:09:42 2024 mips GNU/Linux"
    io.say(full if "-a" in arguments else "Linux")
    return 0


async def _hostname(sh: Shell, arguments: list[str], io: Streams) -> int:
    del arguments
    io.say(sh.device.hostname)
    return 0


async def _date(sh: Shell, arguments: list[str], io: Streams) -> int:
    del arguments
    io.say(f"{sh.device.clock.now():%a %b %e %H:%M:%S UTC %Y}")
    return 0


async def _id(sh: Shell, arguments: list[str], io: Streams) -> int:
    del sh
    io.say("0" if "-u" in arguments else "uid=0(root) gid=0(root) groups=0(root)")
    return 0


# interfaces


async def _ubus(sh: Shell, arguments: list[str], io: Streams) -> int:
    if arguments[:1] == ["list"]:
        objects = [f"network.interface.{name}" for name in sorted(sh.device.netifd.names())]
        io.out += [f"{name}\n" for name in [*objects, "network", "system", *sh.device.objects]]
        return 0
    words = [word for word in arguments if not word.startswith("-")]
    if words[:1] != ["call"] or len(words) < 3:  # noqa: PLR2004 - call, object, method
        io.complain("Usage: ubus [<options>] <command> [arguments...]")
        return 1
    answer = call(sh, words[1], words[2])
    if answer is None:
        io.complain("Command failed: Not found")
        return _NOT_FOUND_STATUS
    if answer != {}:
        io.say(blob(answer))
    return 0


def call(sh: Shell, name: str, method: str) -> dict[str, Any] | None:
    """Call a method; {} when it answers nothing, None when there is no such thing."""
    device = sh.device
    if name.startswith("network.interface."):
        return _call_interface(sh, name.removeprefix("network.interface."), method)
    if (name, method) == ("network", "reload"):
        device.netifd.reload()
        return {}
    if (name, method) == ("system", "board"):
        return device.board()
    if name in device.objects:
        return device.objects[name](method)
    return None


def _call_interface(sh: Shell, name: str, method: str) -> dict[str, Any] | None:
    netifd = sh.device.netifd
    if method == "status":
        return netifd.status(name)
    if method in {"up", "down"}:
        done = netifd.up(name) if method == "up" else netifd.down(name)
        return {} if done else None
    return None


async def _ifstatus(sh: Shell, arguments: list[str], io: Streams) -> int:
    return await _ubus(sh, ["call", f"network.interface.{arguments[0]}", "status"], io)


async def _ifup(sh: Shell, arguments: list[str], io: Streams) -> int:
    return await _ubus(sh, ["call", f"network.interface.{arguments[0]}", "up"], io)


async def _ifdown(sh: Shell, arguments: list[str], io: Streams) -> int:
    return await _ubus(sh, ["call", f"network.interface.{arguments[0]}", "down"], io)


async def _network(sh: Shell, arguments: list[str], io: Streams) -> int:
    """`/etc/init.d/network reload|restart`."""
    if arguments[:1] not in (["reload"], ["restart"]):
        io.complain("Syntax: /etc/init.d/network [command]")
        return 1
    sh.device.netifd.reload()
    if arguments == ["restart"]:
        sh.device.netifd.connect()
    return 0


async def _uptime(sh: Shell, arguments: list[str], io: Streams) -> int:
    del arguments
    minutes = int(sh.device.clock.monotonic() // 60)
    since = f"{minutes // 60:2}:{minutes % 60:02}"
    io.say(f" {sh.device.clock.now():%H:%M:%S} up {since},  load average: 0.08, 0.05, 0.01")
    return 0


async def _df(sh: Shell, arguments: list[str], io: Streams) -> int:
    del sh, arguments
    io.say("Filesystem           1K-blocks      Used Available Use% Mounted on")
    io.say("/dev/root                 4096      4096         0 100% /rom")
    io.say("tmpfs                    61012       180     60832   0% /tmp")
    io.say("/dev/mtdblock6            9856      1184      8672  12% /overlay")
    io.say("overlayfs:/overlay        9856      1184      8672  12% /")
    return 0


async def _service(sh: Shell, arguments: list[str], io: Streams) -> int:
    """`/etc/init.d/system reload` and the like: what they do is read from the files anyway."""
    del sh
    if arguments[:1] not in (["reload"], ["restart"]):
        io.complain("Syntax: /etc/init.d/SERVICE [command]")
        return 1
    return 0


async def _ip(sh: Shell, arguments: list[str], io: Streams) -> int:
    words = [word for word in arguments if not word.startswith("-")]
    if words[:1] in (["route"], ["r"], ["ro"]):
        if line := sh.device.netifd.default_route():
            io.say(line)
        if "default" not in words:
            io.say(f"{sh.device.lan_network} dev br-lan proto kernel scope link")
        return 0
    if words[:1] in (["addr"], ["address"], ["a"]):
        bearer = sh.device.modem.bearer
        if bearer is not None:
            io.say(
                f"5: {DEVICE}: <POINTOPOINT,MULTICAST,NOARP,UP,LOWER_UP> mtu 1400 qdisc fq_codel"
            )
            io.say(f"    inet {bearer.address}/32 brd 255.255.255.255 scope global {DEVICE}")
        return 0
    io.complain(f"ip: invalid argument '{words[0] if words else ''}' to 'ip'")
    return 1


async def _ping(sh: Shell, arguments: list[str], io: Streams) -> int:
    """The machine's own ping, which goes through the real bearer in the lab."""
    del sh
    process = await asyncio.create_subprocess_exec(
        "ping", *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    io.out.append(out.decode(errors="replace"))
    io.err.append(err.decode(errors="replace"))
    return process.returncode or 0


PROGRAMS: dict[str, Program] = {
    "sync": _sync,
    "logger": _logger,
    "logread": _logread,
    "start-stop-daemon": _start_stop_daemon,
    "ps": _ps,
    "uname": _uname,
    "uptime": _uptime,
    "df": _df,
    "hostname": _hostname,
    "date": _date,
    "id": _id,
    "ubus": _ubus,
    "ifstatus": _ifstatus,
    "ifup": _ifup,
    "ifdown": _ifdown,
    "/etc/init.d/network": _network,
    "/etc/init.d/system": _service,
    "/etc/init.d/dropbear": _service,
    "ip": _ip,
    "ping": _ping,
}

"""The menus of RouterOS 7: properties, defaults, commands. Data only; 6 differs in `editions`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Path = tuple[str, ...]
Kind = Literal["text", "name", "choice", "flag", "duration", "reference", "password"]

YES_NO = ("yes", "no")
SETTINGS = frozenset({"set", "get", "print", "export"})
FACTS = frozenset({"get", "print"})
TABLE = frozenset({"add", "set", "remove", "find", "get", "print", "enable", "disable", "export"})
FIXED_TABLE = TABLE - {"add", "remove"}
READ_ONLY_TABLE = frozenset({"find", "get", "print"})


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a menu."""

    name: str
    default: str = ""
    kind: Kind = "text"
    choices: tuple[str, ...] = ()
    refers: Path = ()  # the table whose names it takes
    read_only: bool = False
    write_only: bool = False  # never shown, not even to those who may see secrets
    hidden_default: bool = False  # printed only when it differs from the default

    @property
    def quoted(self) -> bool:
        """Whether `print detail` puts it in quotes."""
        return self.kind in {"name", "password"}


@dataclass(frozen=True, slots=True)
class Menu:
    """One menu; `flags` maps a letter to the property that is `yes` when it shows."""

    path: Path
    commands: frozenset[str]
    properties: tuple[Property, ...] = ()
    flags: tuple[tuple[str, str, str], ...] = ()  # (letter, property, word in the legend)
    unique: str = ""  # the property no two rows may share
    required: tuple[str, ...] = ()
    by_name: dict[str, Property] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        """Index the properties by name."""
        self.by_name.update({item.name: item for item in self.properties})

    @property
    def key(self) -> str:
        """The menu as text, `/interface/lte/apn`: the key in the saved configuration."""
        return "/" + "/".join(self.path)

    @property
    def table(self) -> bool:
        """Whether it holds rows (else one record)."""
        return "find" in self.commands


def _text(*names: str) -> tuple[Property, ...]:
    return tuple(Property(name) for name in names)


def _facts(*names: str) -> tuple[Property, ...]:
    return tuple(Property(name, read_only=True) for name in names)


def _yes_no(name: str, default: str = "no") -> Property:
    return Property(name, default, "choice", YES_NO)


NAME = Property("name", kind="name")
COMMENT = Property("comment", kind="name")
DISABLED = Property("disabled", "no", "flag", YES_NO)
DYNAMIC = Property("dynamic", "no", "flag", YES_NO, read_only=True)
POLICY = Property(
    "policy", "ftp,reboot,read,write,policy,test,password,sniff,sensitive,romon", "text"
)
RUN_COUNT = Property("run-count", "0", read_only=True)
OFF = ("X", "disabled", "disabled")
DYNAMIC_FLAG = ("D", "dynamic", "dynamic")

APN = Menu(
    ("interface", "lte", "apn"),
    TABLE,
    (
        NAME,
        Property("apn", "internet", "name"),
        _yes_no("use-peer-dns", "yes"),
        _yes_no("use-network-apn", "yes"),
        _yes_no("add-default-route", "yes"),
        Property("default-route-distance", "2"),
        Property("ip-type", "auto", "choice", ("auto", "ipv4", "ipv4-ipv6", "ipv6")),
        Property("authentication", "none", "choice", ("none", "pap", "chap")),
        Property("user", kind="name"),
        Property("password", kind="password"),
        COMMENT,
        Property("default", "no", "flag", YES_NO, read_only=True),
    ),
    flags=(("*", "default", "default"),),
    unique="name",
    required=("name",),
)
LTE = Menu(
    ("interface", "lte"),
    FIXED_TABLE | {"monitor"},
    (
        Property("default-name", "lte1", "name", read_only=True),
        NAME,
        Property("mtu", "1500"),
        Property("apn-profiles", "default", "reference", refers=APN.path),
        _yes_no("allow-roaming"),
        Property("network-mode", "lte"),
        Property("operator"),
        COMMENT,
        DISABLED,
        Property("running", "no", "flag", YES_NO, read_only=True),
    ),
    flags=(OFF, ("R", "running", "running")),
)
LTE_SETTINGS = Menu(
    ("interface", "lte", "settings"),
    SETTINGS,
    (
        Property("mode", "auto", "choice", ("auto", "mbim", "serial")),
        Property("firmware-path", "firmware"),
        Property("sim-slot", "up", "choice", ("up", "down")),
    ),
)
SCRIPT = Menu(
    ("system", "script"),
    TABLE | {"run"},
    (
        COMMENT,
        NAME,
        Property("owner", kind="name", read_only=True),
        POLICY,
        _yes_no("dont-require-permissions"),
        RUN_COUNT,
        Property("source", kind="text"),
        Property("invalid", "no", "flag", YES_NO, read_only=True),
    ),
    flags=(("I", "invalid", "invalid"),),
    unique="name",
    required=("name",),
)
SCHEDULER = Menu(
    ("system", "scheduler"),
    TABLE,
    (
        COMMENT,
        NAME,
        Property("start-date"),
        Property("start-time"),
        Property("interval", "0s", "duration"),
        Property("on-event"),
        Property("owner", kind="name", read_only=True),
        POLICY,
        RUN_COUNT,
        Property("next-run", read_only=True),
        DISABLED,
    ),
    flags=(OFF,),
    unique="name",
    required=("name",),
)
IP_ADDRESS = Menu(
    ("ip", "address"),
    TABLE,
    (COMMENT, *_text("address", "network", "interface"), DISABLED, DYNAMIC),
    flags=(OFF, DYNAMIC_FLAG),
    unique="address",
    required=("address", "interface"),
)
ROUTE = Menu(
    ("ip", "route"),
    READ_ONLY_TABLE,
    (
        *_facts("dst-address", "routing-table", "pref-src", "gateway", "immediate-gw", "distance"),
        DYNAMIC,
        Property("active", "no", "flag", YES_NO, read_only=True),
        Property("connect", "no", "flag", YES_NO, read_only=True),
        Property("modem", "no", "flag", YES_NO, read_only=True),
    ),
    flags=(
        DYNAMIC_FLAG,
        ("A", "active", "active"),
        ("c", "connect", "connect"),
        ("m", "modem", "modem"),
    ),
)
SERVICE = Menu(
    ("ip", "service"),
    FIXED_TABLE,
    (NAME, *_text("port", "address"), DISABLED),
    flags=(OFF,),
)
_FILTER = _text("chain", "action", "connection-state", "in-interface", "out-interface", "protocol")
_FILTER += _text("dst-port", "src-address", "dst-address")

ALL: tuple[Menu, ...] = (
    APN,
    LTE,
    LTE_SETTINGS,
    SCRIPT,
    SCHEDULER,
    IP_ADDRESS,
    ROUTE,
    SERVICE,
    Menu(
        ("interface", "bridge"), TABLE, (COMMENT, NAME, DISABLED), unique="name", required=("name",)
    ),
    Menu(("ip", "pool"), TABLE, (NAME, Property("ranges"), COMMENT), unique="name"),
    Menu(
        ("ip", "dhcp-server"),
        TABLE,
        (
            COMMENT,
            NAME,
            *_text("interface", "address-pool"),
            Property("lease-time", "30m"),
            DISABLED,
        ),
        flags=(OFF,),
        unique="name",
        required=("interface",),
    ),
    Menu(
        ("ip", "dhcp-server", "network"),
        TABLE,
        (COMMENT, *_text("address", "gateway", "dns-server", "ntp-server")),
        unique="address",
        required=("address",),
    ),
    Menu(
        ("ip", "dns"),
        SETTINGS,
        (
            Property("servers"),
            Property("dynamic-servers", read_only=True),
            _yes_no("allow-remote-requests"),
            Property("cache-size", "2048KiB"),
        ),
    ),
    Menu(("ip", "firewall", "filter"), TABLE, (COMMENT, *_FILTER, DISABLED), flags=(OFF,)),
    Menu(("ip", "firewall", "nat"), TABLE, (COMMENT, *_FILTER, DISABLED), flags=(OFF,)),
    Menu(
        ("user",),
        TABLE,
        (
            COMMENT,
            NAME,
            Property("group", "read", "reference", refers=("user", "group")),
            Property("password", kind="password", write_only=True),
            Property("address"),
            DISABLED,
        ),
        flags=(OFF,),
        unique="name",
        required=("name", "group"),
    ),
    Menu(("user", "group"), TABLE, (NAME, Property("policy"), COMMENT), unique="name"),
    Menu(("log",), READ_ONLY_TABLE, _facts("time", "topics", "message")),
    Menu(("system", "identity"), SETTINGS, (Property("name", "MikroTik"),)),
    Menu(("system", "clock"), FACTS, _facts("time", "date", "time-zone-name", "gmt-offset")),
    Menu(
        ("system", "resource"),
        FACTS,
        _facts("uptime", "version", "build-time", "factory-software", "free-memory", "total-memory")
        + _facts("cpu", "cpu-count", "cpu-frequency", "cpu-load", "free-hdd-space")
        + _facts("total-hdd-space", "architecture-name", "board-name", "platform"),
    ),
    Menu(
        ("system", "routerboard"),
        FACTS,
        _facts("routerboard", "board-name", "model", "serial-number", "current-firmware"),
    ),
    Menu(("system", "device-mode"), FACTS, _facts("mode", "scheduler", "fetch", "socks")),
)

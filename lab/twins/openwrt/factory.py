"""Factory settings: the files of a fresh device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.twins.openwrt import mm_tools, qmi_tools

if TYPE_CHECKING:
    from lab.twins.openwrt.config import TwinConfig
    from lab.twins.openwrt.files import Files

VERSIONS = {"modemmanager": "23.05.3", "qmi": "22.03.5", "rutos": "RUTX_R_00.07.06.10"}
_COMMON = """
config interface 'loopback'
	option device 'lo'
	option proto 'static'
	option ipaddr '127.0.0.1'
	option netmask '255.0.0.0'

config globals 'globals'
	option ula_prefix 'fd12:3456:789a::/48'

config device
	option name 'br-lan'
	option type 'bridge'
	list ports 'lan1'

config interface 'lan'
	option device 'br-lan'
	option proto 'static'
	option ipaddr '{address}'
	option ip6assign '60'

"""
_FIREWALL = """
config defaults
	option input 'REJECT'
	option output 'ACCEPT'
	option forward 'REJECT'

config zone
	option name 'lan'
	option input 'ACCEPT'
	option output 'ACCEPT'
	option forward 'ACCEPT'
	list network 'lan'

config zone
	option name 'wan'
	option input 'REJECT'
	option output 'ACCEPT'
	option forward 'REJECT'
	option masq '1'
	option mtu_fix '1'
{networks}
config forwarding
	option src 'lan'
	option dest 'wan'

"""
_DIRECTORIES = ("/etc/config", "/etc/rc.d", "/etc/init.d", "/root", "/tmp/sysinfo", "/tmp/log")  # noqa: S108 - paths of the twin


def _section(name: str, **options: str) -> str:
    lines = "".join(f"\toption {key} '{value}'\n" for key, value in options.items() if value)
    return f"config interface '{name}'\n{lines}\n"


def _wan(config: TwinConfig) -> str:
    initial = config.initial
    marker = {"apn": initial.apn, "rekamatan_profile": initial.profile}
    if config.kind == "modemmanager":
        place = {"proto": "modemmanager", "device": mm_tools.DEVICE}
        return _section("wwan", **place, iptype="ipv4", **marker)
    if config.kind == "qmi":
        place = {"proto": "qmi", "device": qmi_tools.DEVICE}
        return _section("wwan", **place, pdptype="ipv4", auth="none", **marker)
    text = ""
    for slot in ("1", "2")[: config.slots]:
        mine = marker if slot == initial.sim_slot else {"apn": ""}
        text += _section(f"mob1s{slot}a1", proto="wwan", modem="3-1", sim=slot, pdp="1",
                         pdptype="ip", method="nat", metric=slot, auth="none", **mine)  # fmt: skip
    return text


def _firewall(config: TwinConfig) -> str:
    names = ["wwan"]
    if config.kind == "rutos":
        names = [f"mob1s{slot}a1" for slot in ("1", "2")[: config.slots]]
    return _FIREWALL.format(networks="".join(f"\tlist network '{name}'\n" for name in names))


def make_directories(files: Files) -> None:
    """Directories that are there after each boot."""
    for path in _DIRECTORIES:
        if not files.is_directory(path):
            files.make_directory(path)


def fill(files: Files, config: TwinConfig) -> None:
    """Write the factory settings."""
    version = config.version or VERSIONS[config.kind]
    files.write("/etc/config/network", _COMMON.format(address=config.lan_address) + _wan(config))
    files.write("/etc/config/firewall", _firewall(config))
    hostname = f"\nconfig system\n\toption hostname '{config.identity}'\n\n"
    files.write("/etc/config/system", hostname)
    ssh = "\nconfig dropbear\n\toption PasswordAuth 'on'\n\toption Port '22'\n\n"
    files.write("/etc/config/dropbear", ssh)
    files.write("/etc/rc.local", "# Put your custom commands here.\n\nexit 0\n")
    if config.kind == "rutos":
        files.write("/etc/version", f"{version}\n")
        switching = "\nconfig sim_switch\n\toption enabled '0'\n\toption modem '3-1'\n\n"
        files.write("/etc/config/sim_switch", switching)
    else:
        release = f"DISTRIB_ID='OpenWrt'\nDISTRIB_RELEASE='{version}'\n"
        files.write("/etc/openwrt_release", release)

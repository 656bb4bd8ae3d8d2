"""What is up, read from the parts themselves."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab import engine, faults, state
from lab.errors import LabError
from lab.topology import DATA_CENTRE

if TYPE_CHECKING:
    from lab.topology import District, LabSite


def read() -> dict[str, Any]:
    """Machines, what each site is attached to, the tunnels, the faults in force."""
    nodes = engine.nodes()
    if not state.raised_sites():
        return {"raised": False, "nodes": nodes, "sites": {}, "faults": []}
    district = state.load()
    attached = _attached(district, nodes)
    handshakes = _handshakes(district, nodes)
    return {
        "raised": True,
        "nodes": {node: nodes.get(node, False) for node in district.nodes()},
        "sites": {site.slug: _site(site, nodes, attached, handshakes) for site in district.sites},
        "faults": state.faults(),
    }


def wait_for_tunnels(seconds: float) -> dict[str, Any]:
    """The status once every site's tunnel is up, or after `seconds`: a dead link is no error."""
    deadline = time.monotonic() + seconds
    while True:
        found = read()
        silent = [slug for slug, site in found["sites"].items() if site["handshake_s"] is None]
        if not silent or time.monotonic() > deadline:
            return found
        time.sleep(1)  # between looks; the deadline is above


def _site(
    site: LabSite,
    nodes: dict[str, bool],
    attached: dict[str, tuple[str, str]],
    handshakes: dict[str, float],
) -> dict[str, Any]:
    mine = [attached[imsi] for imsi in _imsis(site) if imsi in attached]
    return {
        "server": nodes.get(site.server, False),
        "modem": nodes.get(site.modem, False),
        "attached": dict(mine),
        "handshake_s": handshakes.get(site.tunnel_address),
    }


def _imsis(site: LabSite) -> set[str]:
    return {str(sim["imsi"]) for sim in site.variables["site_sims"].values()}


def _attached(district: District, nodes: dict[str, bool]) -> dict[str, tuple[str, str]]:
    """IMSI -> (carrier, link profile): contexts at the packet gateways that a modem still holds.

    A gateway keeps the context of a modem that left without a goodbye, as real ones do.
    """
    found = {}
    held = held_bearers()
    for carrier in district.carriers:
        if nodes.get(carrier.node):
            try:
                answer = faults.tell_relay(carrier, {"stats": True})
            except LabError:
                continue  # it is starting: nobody is attached through it
            for imsi in held.intersection(answer["attached"].values()):
                found[imsi] = (carrier.slug, answer["assigned"].get(imsi, "?"))
    return found


def held_bearers(processes: Path = Path("/proc")) -> set[str]:
    """IMSIs of the bearers alive in the modems: one `sgsnemu` process each, seen from the host."""
    found = set()
    for command_line in processes.glob("[0-9]*/cmdline"):
        try:
            words = command_line.read_text(encoding="utf-8", errors="replace").split("\0")
        except OSError:
            continue  # it ended while we looked
        if Path(words[0]).name == "sgsnemu" and "--imsi" in words:
            found.add(words[words.index("--imsi") + 1])
    return found


def _handshakes(district: District, nodes: dict[str, bool]) -> dict[str, float]:
    """Tunnel address -> seconds since the last handshake at the hub."""
    if not nodes.get(DATA_CENTRE):
        return {}
    interface = district.data_centre["data_centre_vpn"]["interface"]
    dump = engine.inside(DATA_CENTRE, "wg", "show", interface, "dump", check=False).stdout
    now = time.time()
    found = {}
    for line in dump.splitlines()[1:]:
        fields = line.split("\t")  # key, psk, endpoint, allowed ips, latest handshake, ...
        if len(fields) > 4 and fields[4] != "0":  # noqa: PLR2004 - position in `wg show dump`
            found[fields[3].split("/")[0]] = round(now - float(fields[4]), 1)
    return found


def table(found: dict[str, Any]) -> str:
    """The same for people."""
    if not found["raised"]:
        return "no lab is raised (rekamatan-lab up)"
    lines = [f"{'site':30} {'server':7} {'modem':6} {'attached to':45} tunnel"]
    for slug, site in found["sites"].items():
        words = ["on" if site[part] else "OFF" for part in ("server", "modem")]
        links = ", ".join(f"{carrier} ({link})" for carrier, link in site["attached"].items())
        age = site["handshake_s"]
        tunnel = "no handshake" if age is None else f"{age:.0f} s ago"
        lines.append(f"{slug:30} {words[0]:7} {words[1]:6} {links or '-':45} {tunnel}")
    off = [node for node, running in found["nodes"].items() if not running]
    lines += [f"off: {', '.join(off)}"] if off else []
    lines += [f"fault in force: {fault}" for fault in found["faults"]]
    return "\n".join(lines)

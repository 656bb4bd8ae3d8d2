"""What a Linux gateway tells to data: NetworkManager's connections, ModemManager's modem. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rekamatan.models import ModemState
from rekamatan.modems import mmcli_parse
from rekamatan.modems.linux_parse import best_default, parse_routes, parse_terse
from rekamatan.modems.openwrt_parse import raw
from rekamatan.modems.radio import home_network

if TYPE_CHECKING:
    from rekamatan.modems.mmcli_parse import Figures
    from rekamatan.modems.openwrt_parse import Answer

PREFIX = "wan-"  # of the connections that are ours
_ESCAPED = re.compile(r"\\(.)")
_PASSWORD = re.compile(r'("password":")(?!--")[^"]+')  # mmcli shows a bearer's
_UNSET_MTU = frozenset({"auto", "0", ""})
_METHODS = ("eap", "pap", "chap", "mschap", "mschapv2")


@dataclass(frozen=True, slots=True)
class Connection:
    """A WAN connection as NetworkManager has it; the password is not told."""

    name: str
    uuid: str
    autoconnect: bool
    apn: str
    username: str = ""
    sim_id: str = ""  # ICCID it is for; empty: any
    mtu: str = ""
    refused: tuple[str, ...] = ()  # ways to authenticate that it does not use

    @property
    def profile(self) -> str:
        """The profile it is for: our name, or its own when someone else made it."""
        return self.name.removeprefix(PREFIX)


def parse_settings(text: str) -> tuple[Connection, ...]:
    """Blocks of `nmcli -t -f connection,gsm,ppp connection show UUID`, an empty line between."""
    blocks = re.split(r"\n\s*\n", text.replace("\r", "").strip())
    return tuple(_connection(block) for block in blocks if "connection.uuid:" in block)


def _connection(block: str) -> Connection:
    pairs = (line.partition(":") for line in block.splitlines())
    fields = {key: _ESCAPED.sub(r"\1", value) for key, _, value in pairs}
    mtu = fields.get("gsm.mtu", "")
    return Connection(
        name=fields.get("connection.id", ""),
        uuid=fields["connection.uuid"],
        autoconnect=fields.get("connection.autoconnect") == "yes",
        apn=fields.get("gsm.apn", ""),
        username=fields.get("gsm.username", ""),
        sim_id=fields.get("gsm.sim-id", ""),
        mtu="" if mtu in _UNSET_MTU else mtu,
        refused=tuple(m for m in _METHODS if fields.get(f"ppp.refuse-{m}") == "yes"),
    )


def parse_active(text: str) -> dict[str, str]:
    """UUID -> state of the WAN connections in `nmcli -t -f UUID,TYPE,STATE ... --active`."""
    rows = parse_terse(text, ("UUID", "TYPE", "STATE"))
    return {row["UUID"]: row["STATE"] for row in rows if row["TYPE"] == "gsm"}


def selected(connections: tuple[Connection, ...], active: dict[str, str]) -> Connection | None:
    """The one that the gateway goes back to by itself; None when that is not one.

    Of several that connect by themselves it is the active one.
    """
    wanted = [c for c in connections if c.autoconnect] or list(connections)
    if len(wanted) != 1:
        wanted = [c for c in wanted if c.uuid in active]
    return wanted[0] if len(wanted) == 1 else None


def modem_count(answer: Answer) -> int:
    """How many modems `mmcli -L -J` lists."""
    return answer.usable.count("/Modem/")


def bearer_of(text: str) -> Figures:
    """Of several bearers, each a line of JSON, the connected one, else the first."""
    found = [mmcli_parse.parse(line) for line in text.splitlines() if line.startswith("{")]
    up = [b for b in found if mmcli_parse.first(b, "bearer.status.connected") == "yes"]
    return (up or found or [{}])[0]


def trouble(found: dict[str, Answer]) -> str:
    """Why there is no bearer, in ModemManager's words; nmcli says "Unknown error" for each."""
    bearer = bearer_of(found["bearers"].text if "bearers" in found else "")
    said = mmcli_parse.first(bearer, "bearer.status.connection-error.message")
    journal = found["journal"].usable.strip() if "journal" in found else ""
    return said or journal.rpartition("failed to connect modem: ")[2]


def state_of(platform: str, found: dict[str, Answer]) -> ModemState:
    """One reading from the answers of `read` and `read_objects`."""
    radio = mmcli_parse.radio_of(
        mmcli_parse.parse(found["modem"].usable),
        mmcli_parse.parse(found["sim"].usable if "sim" in found else ""),
        mmcli_parse.parse(found["signal"].usable),
    )
    bearer = bearer_of(found["bearers"].text if "bearers" in found else "")
    up = mmcli_parse.first(bearer, "bearer.status.connected") == "yes"
    port = mmcli_parse.first(bearer, "bearer.status.interface")
    connection = selected(
        parse_settings(found["settings"].usable), parse_active(found["active"].usable)
    )
    route = best_default(parse_routes(found["route"].usable))
    return ModemState(
        platform=platform,
        sim_slot=radio.sim_slot,
        iccid=radio.iccid,
        imsi=radio.imsi,
        plmn=radio.plmn or home_network(radio.imsi),
        operator=radio.operator,
        registered=radio.registered,
        roaming=radio.roaming,
        rat=radio.rat,
        signal=radio.signal,
        profile=connection.profile if connection else None,
        apn=connection.apn if connection else None,
        wan_if=port,
        wan_ip=mmcli_parse.first(bearer, "bearer.ipv4-config.address") if up else None,
        default_route_via=(route.via or route.dev) if route else None,
        raw=_PASSWORD.sub(r"\1***", raw(found)),
    )


def objects_of(modem: str) -> dict[str, object]:
    """Paths of the active SIM and of the bearers in `mmcli -m any -J`."""
    figures = mmcli_parse.parse(modem)
    return {
        "sim": mmcli_parse.first(figures, "modem.generic.sim") or "",
        "bearers": figures.get("modem.generic.bearers", []),
    }


def model_of(modem: str) -> str:
    """Maker and model of the modem; empty while there is none."""
    try:
        generic = json.loads(modem)["modem"]["generic"]
    except (ValueError, KeyError, TypeError):
        return ""
    return f"{generic.get('manufacturer', '')} {generic.get('model', '')}".strip()

"""What the carriers do to one office alone: the other offices of the lab go on undisturbed.

A refused APN and a slow or dead SIM are played where the modem speaks to the packet core: a small
program stands before `sgsnemu`. The refusal itself is the core's own (cause 219). A dead path drops
user data (GTP-U) at the gateway while attaching (GTP-C) works.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab import engine, network

if TYPE_CHECKING:
    from lab.topology import Carrier, District, LabSite

_PROGRAM = "/usr/local/bin/sgsnemu"  # before /usr/bin on every PATH
ORDERS = "/var/lib/matrix-radio"
_GTP_U = 2152
_SET = "dead"

# `refused`: asks for an APN nobody offers. `dead`: no answer ever. `slow N`: none for N seconds.
WRAPPER = """#!/bin/sh
# The fault matrix stands here before the real sgsnemu.
real={real}
orders={orders}
previous= imsi=
for word; do
    [ "$previous" = --imsi ] && imsi=$word
    previous=$word
done
mode= number=
[ -r "$orders/$imsi" ] && read -r mode number < "$orders/$imsi"
case $mode in
refused)
    previous=
    for word; do
        shift
        [ "$previous" = --apn ] && word=$word-withdrawn
        set -- "$@" "$word"
        previous=$word
    done
    ;;
dead) exec sleep 3600 ;;
slow)
    now=$(date +%s)
    [ -r "$orders/$imsi.since" ] || echo "$now" > "$orders/$imsi.since"
    read -r since < "$orders/$imsi.since"
    left=$((since + number - now))
    [ "$left" -gt 0 ] && sleep "$left"
    ;;
esac
exec "$real" "$@"
"""


def install(site: LabSite) -> None:
    """Put the small program into the site's modem."""
    text = WRAPPER.format(real="/usr/bin/sgsnemu", orders=ORDERS)
    engine.inside(site.modem, "mkdir", "-p", ORDERS)
    engine.inside(site.modem, "tee", _PROGRAM, stdin=text)
    engine.inside(site.modem, "chmod", "755", _PROGRAM)


def order(site: LabSite, carrier: str, word: str) -> None:
    """`refused`, `dead` or `slow N` for the site's SIM of that carrier, at its next attach."""
    imsi = site.imsi(carrier) or ""
    engine.inside(site.modem, "rm", "-f", f"{ORDERS}/{imsi}.since")
    engine.inside(site.modem, "tee", f"{ORDERS}/{imsi}", stdin=f"{word}\n")


def obey_no_order(site: LabSite) -> None:
    """Every SIM of the site is well again."""
    engine.inside(site.modem, "sh", "-c", f"rm -f {ORDERS}/*")


def make_path_faults(district: District) -> None:
    """A list of dead subscribers at each packet gateway; empty, whatever it held before."""
    for carrier in district.carriers:
        rules = f"""table ip matrix
delete table ip matrix
table ip matrix {{
  set {_SET} {{ type ipv4_addr; }}
  chain input {{
    type filter hook input priority filter;
    ip saddr @{_SET} udp dport {_GTP_U} drop
  }}
}}
"""
        engine.inside(carrier.node, "nft", "-f", "-", stdin=rules)


def remove_path_faults(district: District) -> None:
    """The gateways as they were."""
    for carrier in district.carriers:
        engine.inside(carrier.node, "nft", "delete", "table", "ip", "matrix", check=False)


def path_dead(site: LabSite, carrier: Carrier, *, dead: bool) -> None:
    """Attaching works, data does not; or it does again."""
    verb = "add" if dead else "delete"
    element = f"{{ {carrier.modem_address(site.index)} }}"
    words = ("nft", verb, "element", "ip", "matrix", _SET, element)
    engine.inside(carrier.node, *words, check=dead)


def coverage(site: LabSite, carrier: Carrier, *, gone: bool) -> None:
    """No radio of this carrier at this office; or there is again."""
    port = network.inside(carrier.node, network.access_port(site))
    port.ip(f"link set {port.interface} {'down' if gone else 'up'}", force=True)

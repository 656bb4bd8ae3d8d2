"""Raising and removing the whole lab."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from lab import engine, host, images, imaging, inventory, network, state, workstations
from lab.disks import Disk, detach_all
from lab.errors import LabError
from lab.paths import LAB, WORKSTATIONS
from lab.topology import DATA_CENTRE, District, plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_AT_ONCE = 4  # containers started side by side: more does not help on two cores
_ROUTER = ("net.ipv4.ip_forward=1",)
_LENIENT = ("net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0")
_NO_IPV6 = ("net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")


def up(example: Path, count: int, attach_s: float) -> District:
    """Raise the first `count` sites of an inventory, or complete what is raised.

    Raises:
        LabError: says what failed; a lab that was not there before is removed again.
    """
    slugs = inventory.first_sites(example, count)
    already = state.raised_sites()
    # Machines nobody remembers are left over from a checkout that was cleaned: they start over.
    fresh = not (already and engine.nodes())
    if not fresh and not set(already) <= set(slugs):
        hint = "rekamatan-lab down, then up"
        raise LabError("lab", f"raise {count} sites", f"{len(already)} are raised", hint)
    references = images.ensure()
    if fresh:
        _clear()
        network.check_uplink_range()
    try:
        return _raise(example, slugs, attach_s, references)
    except BaseException:
        if fresh:
            _say("that failed: removing what was started")
            down()
        raise


def _raise(
    example: Path, slugs: list[str], attach_s: float, references: dict[str, str]
) -> District:
    began = time.monotonic()
    inventory.generate(example, slugs)
    inventory.make_secrets()
    inventory.give_back()
    district = plan(inventory.read_hosts(), slugs, attach_s)
    state.save(district)
    host.make_room(len(district.nodes()))
    present = engine.nodes()
    missing = [node for node in district.nodes() if node not in present]
    _say(f"starting {len(missing)} of {len(district.nodes())} machines")
    for node in district.nodes():
        for disk in district.disks(node):
            if disk.make():
                _seed(disk, references)
    _each(missing, lambda node: _create(node, references, district))
    _each([n for n in district.nodes() if not present.get(n)], engine.start)
    _wire(district)
    _each(district.nodes(), lambda node: engine.wait_booted(node, 120))
    _say(f"{len(district.sites)} sites up after {time.monotonic() - began:.0f} s")
    return district


def _seed(disk: Disk, references: dict[str, str]) -> None:
    """A new disk gets what the machine's image holds there: the database cluster, for one."""
    reference = references[_kind(disk.node)]
    root = Path(engine.podman("image", "mount", reference))
    try:
        disk.seed(root / disk.target.lstrip("/"))
    finally:
        engine.podman("image", "unmount", reference)


def _kind(node: str) -> str:
    return "datacentre" if node == DATA_CENTRE else node.split("-", maxsplit=1)[0]


def _create(node: str, references: dict[str, str], district: District) -> None:
    kind = _kind(node)
    router = kind in {"carrier", "modem"}
    engine.create(
        engine.Container(
            node=node,
            image=references[kind],
            hostname=node.removeprefix("server-"),
            mounts=tuple((disk.mount, disk.target) for disk in district.disks(node)),
            sysctls=(*_LENIENT, *_NO_IPV6, *(_ROUTER if router else ())),
            may_mount=not router,
        )
    )
    imaging.image_node(node, district)


def _wire(district: District) -> None:
    for carrier in district.carriers:
        engine.wait_for_device(carrier.node, "br-gn")
    plug_data_centre(district)
    for site in district.sites:
        engine.wait_for_device(site.modem, "bridge")
        network.wire_modem(site, district)
        network.wire_lan(site)


def power_on(node: str, district: District) -> None:
    """Boot a node that is off, and plug its cables in again."""
    for disk in district.disks(node):
        disk.attach()
    if not engine.is_running(node):
        engine.start(node)
    _wire_around(node, district)
    engine.wait_booted(node, 120)


def _wire_around(node: str, district: District) -> None:
    """Every wire that ends at the node and whose other end has power."""
    running = engine.nodes()
    if node == DATA_CENTRE:
        plug_data_centre(district)
        return
    site = district.site(node.split("-", 1)[1])
    if running.get(site.modem):
        engine.wait_for_device(site.modem, "bridge")
        if node == site.modem:
            network.wire_modem(site, district)
        network.wire_lan(site, server=running.get(site.server, False))


def plug_data_centre(district: District) -> None:
    """The data centre's uplink and its links to the carriers."""
    network.wire_data_centre(district)
    for carrier in district.carriers:
        network.wire_carrier(carrier, district)


def down() -> None:
    """Remove every trace but the images; the same when nothing is there."""
    workstations.stop_all(state.raised_sites())
    _each(engine.nodes(), engine.remove)
    network.remove()
    detach_all()
    host.give_room_back()
    state.forget()
    for name in ("inventory", "vault-password", "controller_key", "controller_key.pub"):
        path = LAB / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _clear() -> None:
    """Nothing of an earlier lab may count in this one."""
    down()
    shutil.rmtree(WORKSTATIONS, ignore_errors=True)


def _each(nodes: Iterable[str], act: Callable[[str], object]) -> None:
    """Do it to all, some at a time; the first error is raised after all have ended."""
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        for result in [pool.submit(act, node) for node in nodes]:
            result.result()


def _say(text: str) -> None:
    print(f"rekamatan-lab: {text}", flush=True)

"""What the kernel would show of a USB modem, as a tree of files to be mounted over /sys.

ModemManager's own rules decide by these what each port is for: with the last interface the modem
is one that connects by NDIS, without it one that dials with PPP.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MOUNTED_AT = "/fs"  # where the tree is in the machine
CLASSES = ("tty", "net")
NETWORK_PORT = "wwan0"
_USB = {"idVendor": "12d1", "idProduct": "1573", "manufacturer": "huawei", "product": "E3372"}


@dataclass(frozen=True, slots=True)
class _Interface:
    number: int
    codes: tuple[str, str, str]  # class, subclass, protocol
    driver: str
    kind: str
    port: str


_INTERFACES = (
    _Interface(0, ("ff", "02", "02"), "option", "tty", "ttyUSB0"),
    _Interface(1, ("ff", "02", "01"), "option", "tty", "ttyUSB1"),
    _Interface(2, ("02", "06", "00"), "cdc_ether", "net", NETWORK_PORT),
)
PORTS = tuple((interface.kind, interface.port) for interface in _INTERFACES)


def write_tree(root: Path, others: tuple[str, ...] = ("lo",)) -> None:
    """Write it below `root`. `others`: network interfaces besides the modem's."""
    device = root / "devices/usb1-1"
    device.mkdir(parents=True, exist_ok=True)
    for name, value in _USB.items():
        (device / name).write_text(f"{value}\n", encoding="ascii")
    _real(root, device / "subsystem", "bus/usb")
    for interface in _INTERFACES:
        _interface(root, device, interface)
    for name in others:
        _link(root / "class/net" / name, f"../../devices/virtual/net/{name}")


def _interface(root: Path, device: Path, interface: _Interface) -> None:
    place = device / f"1-1:1.{interface.number}"
    port = place / interface.kind / interface.port
    port.mkdir(parents=True, exist_ok=True)
    names = ("bInterfaceClass", "bInterfaceSubClass", "bInterfaceProtocol")
    values = (
        *zip(names, interface.codes, strict=True),
        ("bInterfaceNumber", f"0{interface.number}"),
    )
    for name, value in values:
        (place / name).write_text(f"{value}\n", encoding="ascii")
    _real(root, place / "subsystem", "bus/usb")
    _real(root, place / "driver", f"bus/usb/drivers/{interface.driver}")
    _real(root, port / "subsystem", f"class/{interface.kind}")
    _link(port / "device", "../..")
    seen_as = str(port.relative_to(root))
    _link(root / "class" / interface.kind / interface.port, f"{MOUNTED_AT}/{seen_as}")


def _real(root: Path, path: Path, place: str) -> None:
    """A link to a place of the tree that must be there: ModemManager resolves it."""
    (root / place).mkdir(parents=True, exist_ok=True)
    _link(path, f"{MOUNTED_AT}/{place}")


def _link(path: Path, target: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(target)

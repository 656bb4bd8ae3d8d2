"""ModemManager's D-Bus service for a modem with two SIM slots, which no AT modem has.

`python3 -m lab.twins.linux.mm_service FOLDER`: as the AT stick it reads FOLDER/modem.json and
writes FOLDER/seen.json. A change of slot takes the modem away and brings it back under another
number, as the real one does; the slot is remembered over a power cut.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import dbus
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib

from lab.twins.linux import mm_objects as mm
from lab.twins.linux.at_modem import Card, Dialled, RefusedError
from lab.twins.linux.carrier import Carrier
from lab.twins.linux.seen import tell

_PROPERTIES = dbus.PROPERTIES_IFACE
_SLOT_FILE = Path("/var/lib/rekamatan-slot")
_ABSENT_MS = 1500


class RefusedByNetwork(dbus.DBusException):
    """What ModemManager says of an APN that the network does not know."""

    _dbus_error_name = "org.freedesktop.ModemManager1.Error.MobileEquipment.MissingOrUnknownApn"


class NoSuchSlot(dbus.DBusException):
    """What it says of a slot that is not there."""

    _dbus_error_name = "org.freedesktop.ModemManager1.Error.Core.InvalidArgs"


class Exported(dbus.service.Object):
    """An object whose properties are read."""

    def __init__(self, bus: dbus.Bus, path: str, faces: mm.Faces) -> None:
        self.path = path
        self.faces = faces
        super().__init__(bus, path)

    @dbus.service.method(_PROPERTIES, in_signature="ss", out_signature="v")
    def Get(self, face: str, name: str) -> Any:  # noqa: N802, ANN401 - the bus's own
        """One property."""
        return self.faces[face][name]

    @dbus.service.method(_PROPERTIES, in_signature="s", out_signature="a{sv}")
    def GetAll(self, face: str) -> dbus.Dictionary:  # noqa: N802
        """All of one interface."""
        return dbus.Dictionary(self.faces.get(face, {}), signature="sv")

    @dbus.service.signal(_PROPERTIES, signature="sa{sv}as")
    def PropertiesChanged(self, face: str, changed: Any, gone: Any) -> None:  # noqa: N802, ANN401
        """Tell everybody."""

    def change(self, face: str, **values: object) -> None:
        """Set properties and tell everybody."""
        self.faces.setdefault(face, {}).update(values)
        nothing = dbus.Array([], signature="s")
        self.PropertiesChanged(face, dbus.Dictionary(values, signature="sv"), nothing)


class Modem(Exported):
    """The modem as it is until its slot is changed."""

    service: Service

    @dbus.service.signal(mm.MODEM, signature="iiu")
    def StateChanged(self, old: int, new: int, reason: int) -> None:  # noqa: N802
        """Beside the property."""

    def become(self, state: int) -> None:
        """Another state, told in both ways."""
        old = self.faces[mm.MODEM]["State"]
        self.change(mm.MODEM, State=dbus.Int32(state))
        self.StateChanged(old, state, 1)

    @dbus.service.method(mm.MODEM, in_signature="b")
    def Enable(self, on: bool) -> None:  # noqa: N802, FBT001
        """It is always on."""

    @dbus.service.method(mm.MODEM, out_signature="ao")
    def ListBearers(self) -> dbus.Array:  # noqa: N802
        """Paths of the bearers."""
        return self.faces[mm.MODEM]["Bearers"]

    @dbus.service.method(mm.MODEM, in_signature="u")
    def SetPrimarySimSlot(self, slot: int) -> None:  # noqa: N802
        """Move to another card: the modem goes away."""
        self.service.choose(int(slot))

    @dbus.service.method(mm.SIGNAL, in_signature="u")
    def Setup(self, rate: int) -> None:  # noqa: N802
        """Measure from now on."""
        self.change(mm.SIGNAL, **mm.signal(int(rate)))

    @dbus.service.method(mm.SIMPLE, in_signature="a{sv}", out_signature="o")
    def Connect(self, asked: dict[str, Any]) -> dbus.ObjectPath:  # noqa: N802
        """Bring up a bearer."""
        return self.service.connect(dict(asked))

    @dbus.service.method(mm.SIMPLE, in_signature="o")
    def Disconnect(self, bearer: str) -> None:  # noqa: N802
        """Drop it; NetworkManager says so also when there is none."""
        del bearer
        self.service.disconnect()

    @dbus.service.method(mm.SIMPLE, out_signature="a{sv}")
    def GetStatus(self) -> dbus.Dictionary:  # noqa: N802
        """What mmcli asks for."""
        return dbus.Dictionary({"state": self.faces[mm.MODEM]["State"]}, signature="sv")


class Service(dbus.service.Object):
    """The object manager, which lists modems only."""

    def __init__(self, bus: dbus.Bus, folder: Path) -> None:
        document = json.loads((folder / "modem.json").read_text(encoding="utf-8"))
        self._folder = folder
        self._bus = bus
        self._cards = [Card(**card) if card else None for card in document["cards"]]
        self._carrier = Carrier(document["apns"])
        self._numbers = {"Modem": 0, "SIM": 0, "Bearer": 0}
        self._modem: Modem | None = None
        self._others: list[Exported] = []
        self._dialled: Dialled | None = None
        self._gaps = 0
        self._slot = int(_SLOT_FILE.read_text("ascii")) if _SLOT_FILE.exists() else 1
        super().__init__(bus, mm.ROOT)
        self._tell()
        self._appear()

    @dbus.service.method(
        dbus.INTROSPECTABLE_IFACE.replace("Introspectable", "ObjectManager"),
        out_signature="a{oa{sa{sv}}}",
    )
    def GetManagedObjects(self) -> dbus.Dictionary:  # noqa: N802
        """The modem, when it is there."""
        found = {self._modem.path: self._modem.faces} if self._modem else {}
        return dbus.Dictionary(_typed(found), signature="oa{sa{sv}}")

    @dbus.service.signal("org.freedesktop.DBus.ObjectManager", signature="oa{sa{sv}}")
    def InterfacesAdded(self, path: str, faces: Any) -> None:  # noqa: N802, ANN401
        """A modem came."""

    @dbus.service.signal("org.freedesktop.DBus.ObjectManager", signature="oas")
    def InterfacesRemoved(self, path: str, faces: Any) -> None:  # noqa: N802, ANN401
        """A modem went."""

    def _path(self, kind: str) -> str:
        number = self._numbers[kind]
        self._numbers[kind] += 1
        return f"{mm.ROOT}/{kind}/{number}"

    def _appear(self) -> bool:
        sims = []
        for at, card in enumerate(self._cards, 1):
            path = self._path("SIM") if card else "/"
            sims.append(path)
            if card:
                faces = mm.sim(card, active=at == self._slot)
                self._others.append(Exported(self._bus, path, faces))
        card = self._cards[self._slot - 1]
        path = self._path("Modem")
        faces = mm.modem(self._numbers["Modem"], self._slot, card, sims)
        self._modem = Modem(self._bus, path, faces)
        self._modem.service = self
        self.InterfacesAdded(dbus.ObjectPath(path), _typed({path: faces})[path])
        return False

    def choose(self, slot: int) -> None:
        """The card of another slot. Raises `NoSuchSlot`."""
        if not 1 <= slot <= len(self._cards):
            message = f"Requested SIM slot is out of bounds: {slot}"
            raise NoSuchSlot(message)
        if slot == self._slot or self._modem is None:
            return
        self.disconnect()
        self._slot = slot
        _SLOT_FILE.write_text(str(slot), encoding="ascii")
        os.sync()
        modem, self._modem = self._modem, None
        self.InterfacesRemoved(
            dbus.ObjectPath(modem.path), dbus.Array(list(modem.faces), signature="s")
        )
        for gone in (modem, *self._others):
            gone.remove_from_connection()
        self._others.clear()
        self._tell()
        GLib.timeout_add(_ABSENT_MS, self._appear)

    def connect(self, asked: dict[str, Any]) -> dbus.ObjectPath:
        """Attach with the APN asked for. Raises `RefusedByNetwork`."""
        card = self._cards[self._slot - 1]
        if card is None or self._modem is None:
            raise RefusedByNetwork("no SIM")
        self.disconnect()
        words = (str(asked.get(key, "")) for key in ("apn", "user", "password"))
        self._dialled = Dialled(*words)
        self._modem.become(mm.CONNECTING)
        refused = ""
        try:
            self._dialled.address = self._carrier.attach(card, self._dialled.apn)
        except RefusedError:
            refused = "Missing or unknown APN"
        self._tell()
        path = self._path("Bearer")
        faces = mm.bearer(asked, self._dialled.address, refused)
        self._others.append(Exported(self._bus, path, faces))
        self._modem.change(mm.MODEM, Bearers=mm.paths([path]))
        self._modem.become(mm.REGISTERED if refused else mm.CONNECTED)
        if refused:
            raise RefusedByNetwork(refused)
        return dbus.ObjectPath(path)

    def disconnect(self) -> None:
        """Drop the bearer; idempotent."""
        if self._dialled is None or not self._dialled.address or self._modem is None:
            return
        self._modem.become(mm.DISCONNECTING)
        self._carrier.detach()
        self._dialled.address = ""
        self._gaps += 1
        self._tell()
        self._others[-1].change(mm.BEARER, Connected=False, Interface="")
        self._modem.become(mm.REGISTERED)

    def _tell(self) -> None:
        tell(self._folder, self._gaps, self._dialled, self._slot)


def _typed(objects: dict[str, mm.Faces]) -> dict[Any, Any]:
    """With the signatures that an empty dictionary does not show."""
    return {
        dbus.ObjectPath(path): dbus.Dictionary(
            {face: dbus.Dictionary(values, signature="sv") for face, values in faces.items()},
            signature="sa{sv}",
        )
        for path, faces in objects.items()
    }


def main(folder: Path) -> None:
    """Serve for ever."""
    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    bus = dbus.SystemBus()
    service = Service(bus, folder)
    name = dbus.service.BusName(mm.NAME, bus)
    GLib.MainLoop().run()
    del service, name


if __name__ == "__main__":
    main(Path(sys.argv[1]))

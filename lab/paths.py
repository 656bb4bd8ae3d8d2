"""Where the lab keeps what it makes: all under `build/`, nothing of it in version control."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
CACHE = BUILD / "lab-cache"  # survives `down`: downloaded packages
LAB = BUILD / "lab"
STATE_FILE = LAB / "state.json"
INVENTORY = LAB / "inventory"
VAULT_PASSWORD = LAB / "vault-password"
CONTROLLER_KEY = LAB / "controller_key"
DISKS = LAB / "disks"
MOUNTS = LAB / "mnt"
WORKSTATIONS = LAB / "workstations"
WHEELHOUSE = BUILD / "wheelhouse"
EXAMPLE_INVENTORY = ROOT / "inventory" / "rokan_hilir"

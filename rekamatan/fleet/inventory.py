"""A district's inventory as Ansible would merge it, with the place of every value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rekamatan.errors import ConfigError
from rekamatan.fleet.inventory_files import Document, Problem, read_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

HOSTS = "hosts.yml"
SITES = "sites"
DATA_CENTRE = "data_centre"
VAULT = "vault.yml"


@dataclass(frozen=True, slots=True)
class Host:
    """One inventory host: its documents, the most general first."""

    name: str
    documents: tuple[Document, ...]

    @property
    def variables(self) -> dict[str, Any]:
        """Merged as Ansible does: whole top-level values, the more specific file wins."""
        merged: dict[str, Any] = {}
        for document in self.documents:
            merged |= document.data
        return merged

    def get(self, key: str) -> Any:  # noqa: ANN401 - whatever the YAML holds
        """The value of a dotted key, None when it is not there."""
        value: Any = self.variables
        for part in key.split("."):
            if not isinstance(value, dict) or part not in value:
                return None
            value = value[part]
        return value

    def problem(self, key: str, reason: str, fix: str) -> Problem:
        """A problem at the place that sets `key`; at the site's own file when nothing does."""
        first = key.split(".", maxsplit=1)[0]
        for document in reversed(self.documents):
            if first in document.data:
                return Problem(document.name, document.line(key), key, reason, fix)
        return Problem(f"host_vars/{self.name}/site.yml", 0, key, reason, fix)


@dataclass(frozen=True, slots=True)
class Inventory:
    """Everything one inventory directory says."""

    root: Path
    documents: tuple[Document, ...]
    district: Host  # what all hosts share
    sites: tuple[Host, ...]
    data_centre: tuple[Host, ...]

    @property
    def host_names(self) -> set[str]:
        """Every host of hosts.yml."""
        return {host.name for host in (*self.sites, *self.data_centre)}

    def site(self, slug: str) -> Host:
        """The site of that name.

        Raises:
            ConfigError: it is not in hosts.yml.
        """
        for host in self.sites:
            if host.name == slug:
                return host
        known = ", ".join(host.name for host in self.sites)
        raise ConfigError(str(self.root / HOSTS), SITES, f"no site {slug!r}", f"one of: {known}")


def read_inventory(root: Path) -> Inventory:
    """Read the inventory in `root`.

    Raises:
        ConfigError: there is no inventory there; wrong content is left to `inventory_check`.
    """
    if not (root / HOSTS).is_file():
        hint = "name a directory such as inventory/rokan_hilir"
        raise ConfigError(str(root), HOSTS, "no such file: this is not an inventory", hint)
    documents = tuple(read_document(path, root) for path in _yaml_files(root))
    by_name = {document.name: document for document in documents}
    hosts = by_name[HOSTS].data.get("all")
    tree = hosts if isinstance(hosts, dict) else {}
    shared = (_inline(by_name[HOSTS], tree.get("vars"), "all.vars"), *_below(documents, "all"))
    return Inventory(
        root=root,
        documents=documents,
        district=Host("all", shared),
        sites=tuple(_hosts(by_name[HOSTS], tree, SITES, shared, documents)),
        data_centre=tuple(_hosts(by_name[HOSTS], tree, DATA_CENTRE, shared, documents)),
    )


def _yaml_files(root: Path) -> list[Path]:
    """Every YAML file; hidden directories are not the district's (an editor's, git's)."""
    found = [path for path in root.rglob("*") if path.suffix in {".yml", ".yaml"}]
    return sorted(p for p in found if not any(n.startswith(".") for n in p.relative_to(root).parts))


def _hosts(
    hosts_file: Document,
    tree: dict[str, Any],
    group: str,
    shared: tuple[Document, ...],
    documents: Sequence[Document],
) -> Iterator[Host]:
    children = tree.get("children")
    entry = children.get(group) if isinstance(children, dict) else None
    entries = entry.get("hosts") if isinstance(entry, dict) else None
    of_group = _below(documents, group)
    for name, values in (entries or {}).items():
        key = f"all.children.{group}.hosts.{name}"
        own = (_inline(hosts_file, values, key), *_below(documents, name, "host_vars"))
        yield Host(name, (*shared, *of_group, *own))


def _below(
    documents: Sequence[Document], name: str, folder: str = "group_vars"
) -> tuple[Document, ...]:
    """The documents of one group or host: `<folder>/<name>.yml` and `<folder>/<name>/*.yml`."""
    file, directory = f"{folder}/{name}.yml", f"{folder}/{name}/"
    return tuple(d for d in documents if d.name == file or d.name.startswith(directory))


def _inline(hosts_file: Document, values: object, key: str) -> Document:
    """The variables written inside hosts.yml, as a document with its own keys."""
    data = values if isinstance(values, dict) else {}
    prefix = f"{key}."
    lines = {k.removeprefix(prefix): n for k, n in hosts_file.lines.items() if k.startswith(prefix)}
    return Document(hosts_file.path, hosts_file.name, "", data, lines)

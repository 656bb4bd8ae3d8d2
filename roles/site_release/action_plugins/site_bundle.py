"""Controller side of `site_bundle`: a release and its encrypted variables, for a stick."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from rekamatan.errors import RekamatanError
from rekamatan.fleet.release import collect, merge, role_variables, write_tree


class ActionModule(ActionBase):  # type: ignore[misc] # ansible ships no types
    """See `library/site_bundle.py`."""

    _requires_connection = False
    _VALID_ARGS = frozenset(
        ("project", "wheelhouse", "prefixes", "destination", "pythons", "machine")
    )

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Ansible's entry point."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        args = self._task.args
        vault = self._loader._vault  # noqa: SLF001 - the one way to the passwords of this run
        if not vault.secrets:
            reason = "no vault password: the stick must not carry secrets in clear"
            hint = "give --vault-password-file or --ask-vault-password"
            return result | {"failed": True, "msg": f"site_bundle: {reason} ({hint})"}
        destination = Path(args["destination"])
        try:
            wheelhouse, machine = Path(args["wheelhouse"]), str(args["machine"])
            project = Path(args["project"])
            releases = [collect(project, wheelhouse, str(p), machine) for p in args["pythons"]]
            release = merge(releases)
        except RekamatanError as error:
            return result | {"failed": True, "msg": str(error)}
        if not self._task.check_mode:
            resolve = self._templar.template
            clear = role_variables(task_vars or {}, tuple(args["prefixes"]), resolve)
            write_tree(release, destination)
            secret = vault.encrypt(json.dumps(clear, sort_keys=True))
            file = destination / "site-vars.vault"
            file.touch(mode=0o600)
            file.write_bytes(secret)
            _write_known_host(destination, task_vars or {})
        return result | {"changed": True, "release": release.release_id}


def _write_known_host(destination: Path, task_vars: dict[str, Any]) -> None:
    """The key of this office's server, so that a laptop on the LAN talks to no other."""
    key = task_vars.get("site_server_host_key")
    if key:
        line = f"{task_vars['inventory_hostname']} {' '.join(str(key).split()[:2])}\n"
        (destination / "known_hosts").write_text(line, encoding="utf-8")

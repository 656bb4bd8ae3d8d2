"""What an office's server does with its modem, as a program: run where the LAN is.

    python -m tests.contract.office_visit VARIABLES PASSWORD_FILE VERB [PROFILE]

Everything it needs to know of the modem is the inventory's. It prints one JSON document.
Verbs: `base`, `state`, `switch` (`unarmed`: without the modem's timer), `back` to a profile
and back again, `confirm`.
"""

from __future__ import annotations

import json
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rekamatan.config import site_from_variables
from rekamatan.modems.base_config import BaseSecrets, base_of
from rekamatan.modems.registry import configure_base, open_driver
from rekamatan.plain import to_plain

if TYPE_CHECKING:
    from rekamatan.models import Site

RUN = "run-1"
LONG_S = 600


def main() -> None:
    """One verb."""
    variables, password_file, verb, *profile = sys.argv[1:]
    told = json.loads(Path(variables).read_text(encoding="utf-8"))
    site = site_from_variables(told, source=variables)
    password = Path(password_file).read_text(encoding="utf-8")
    sys.stdout.write(json.dumps(visit(site, password, verb, *profile)) + "\n")


def visit(site: Site, password: str, verb: str, profile: str = "") -> Any:  # noqa: ANN401 - a document
    """The answer to one verb."""
    if verb == "base":
        secrets = BaseSecrets(read_password=password)
        change = configure_base(site.modem, password, base_of(site), secrets, check=False)
        return {"changed": change.changed, "commands": change.commands}
    with closing(open_driver(site.modem, password, {})) as driver:
        if verb == "state":
            return to_plain(driver.read_state())
        if verb == "confirm":
            driver.confirm(RUN)
            return {"pending": driver.pending() is not None}
        plan = driver.render(site.profiles[profile], driver.read_state(), RUN)
        if verb != "unarmed":
            driver.arm(plan, LONG_S)
        driver.apply(plan)
        if verb == "back":
            driver.revert(plan)
        return {"commands": plan.commands}


if __name__ == "__main__":
    main()

"""The service's own account: commands run as root give root away before they touch records."""

from __future__ import annotations

import os
import pwd

USER = "rekamatan"


def become_service_user() -> None:
    """Give root away: files must stay the service's, and PostgreSQL knows only its name."""
    if os.geteuid() != 0:
        return
    try:
        account = pwd.getpwnam(USER)
    except KeyError:
        return  # no such service on this machine; the command itself says what is missing
    os.initgroups(USER, account.pw_gid)
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)

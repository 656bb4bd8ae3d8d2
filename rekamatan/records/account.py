"""The service's own account: what is written among the records must belong to the service.

Otherwise the service can no longer read it; PostgreSQL, too, knows only the service's name.
"""

from __future__ import annotations

import os
import pwd
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

USER = "rekamatan"


def become_service_user() -> None:
    """Give root away for good."""
    account = _account(USER)
    if account is not None:
        os.initgroups(USER, account.pw_gid)
        os.setgid(account.pw_gid)
        os.setuid(account.pw_uid)


@contextmanager
def service_hands(user: str = USER) -> Iterator[None]:
    """Act as the service within the block; outside of it root's hands hold the mounted stick.

    Changes the whole process: only for commands with one thread.
    """
    account = _account(user)
    if account is None:
        yield
        return
    groups, group = os.getgroups(), os.getegid()
    os.initgroups(user, account.pw_gid)
    os.setegid(account.pw_gid)
    os.seteuid(account.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)


def _account(user: str) -> pwd.struct_passwd | None:
    """None unless this is root on a machine that has the service; the command says what lacks."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(user)
    except KeyError:
        return None

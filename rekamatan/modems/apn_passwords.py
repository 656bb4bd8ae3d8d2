"""Passwords of APNs: a plan only has a marker for one, which is filled in when it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rekamatan.errors import ApplyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

SECRET = "{{secret}}"  # noqa: S105 - the marker in a plan, replaced at the moment of sending


def wants_secret(commands: Iterable[str]) -> bool:
    """Whether a password has to be filled in."""
    return any(SECRET in command for command in commands)


class ApnPasswords:
    """What a driver was given, asked for at the moment of sending.

    Args:
        passwords: profile name -> password.
        subject: what errors are about.
        system: the device's system, for errors.
        can_send: whether that system takes a word as it is.
    """

    def __init__(
        self,
        passwords: Mapping[str, str],
        subject: str,
        system: str = "",
        can_send: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self._passwords = dict(passwords)
        self._subject = subject
        self._system = system
        self._can_send = can_send

    def filling(self, commands: Iterable[str], profile: str) -> str:
        """The password that the commands of `profile` want; empty when they want none.

        Raises:
            ApplyError: there is none, or the device cannot take it.
        """
        if not wants_secret(commands):
            return ""
        password = self._passwords.get(profile)
        if password is None:
            raise self._refused(
                profile, "its APN wants a password and none is at hand", "add it to"
            )
        if not self._can_send(password):
            reason = f"its APN password has a character {self._system} cannot take"
            raise self._refused(profile, reason, "correct it in")
        return password

    def _refused(self, profile: str, reason: str, do: str) -> ApplyError:
        hint = f"{do} vault_apn_passwords and provision the site"
        return ApplyError(self._subject, f"activate {profile}", reason, hint)

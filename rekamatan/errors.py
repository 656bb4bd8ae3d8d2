"""One exception root. An error names the object, the action, the reason and the next step."""

from __future__ import annotations


class RekamatanError(Exception):
    """Root of every error this package raises on purpose.

    Args:
        subject: what it is about: a site, a modem, a file ("kubu", "modem 192.168.10.1").
        action: what was being done ("set APN").
        reason: why it did not work, as found; never a secret.
        hint: the next step for the person reading it.
    """

    exit_code = 1

    def __init__(self, subject: str, action: str, reason: str, hint: str = "") -> None:
        self.subject = subject
        self.action = action
        self.reason = reason
        self.hint = hint
        super().__init__(str(self))

    def __str__(self) -> str:
        """`subject: action: reason (hint)`."""
        text = f"{self.subject}: {self.action}: {self.reason}"
        return f"{text} ({self.hint})" if self.hint else text


class ConfigError(RekamatanError):
    """The desired state is wrong: `subject` is the file, `action` the key."""

    exit_code = 2


class RefusedError(RekamatanError):
    """Nothing was touched: an interlock, a missing change order, a pending switch."""

    exit_code = 3


class UnknownOutcomeError(RekamatanError):
    """It may or may not have happened; never reported as failed nor as done."""

    exit_code = 4


class DeviceError(RekamatanError):
    """The modem answered, and the answer was an error."""


class DeviceUnreachableError(DeviceError):
    """The modem could not be reached, or the session was lost in the middle."""


class DeviceLoginError(DeviceError):
    """The modem refused the credentials, or showed another host key than the pinned one."""


class ApplyError(DeviceError):
    """A configuration command was refused by the device."""


class NotSupportedError(DeviceError):
    """This platform or firmware cannot do it. Never a silent return."""


class RecordError(RekamatanError):
    """A record could not be stored, sent or proven."""

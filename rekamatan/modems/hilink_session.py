"""HTTP session with a HiLink modem, by huawei-lte-api: tokens, login, errors as ours.

The library keeps the session cookie and the one-time tokens, encodes the password as the modem
asks (base64, or SHA-256 bound to the token) and encrypts requests with the modem's RSA key. Here
its errors become ours, and a refused login is not repeated: three wrong ones lock the account of
these modems for minutes, and whoever waits for a modem asks once a second.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any, TypeVar
from xml.parsers.expat import ExpatError

import requests
from huawei_lte_api.Connection import Connection
from huawei_lte_api.exceptions import (
    ResponseErrorException,
    ResponseErrorLoginRequiredException,
    ResponseErrorNotSupportedException,
    ResponseErrorSystemBusyException,
    ResponseErrorWrongSessionToken,
)

from rekamatan.errors import (
    ApplyError,
    DeviceError,
    DeviceLoginError,
    DeviceUnreachableError,
    NotSupportedError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from rekamatan.clock import Clock
    from rekamatan.models import ModemAccess
    from rekamatan.modems.hilink_parse import Answer

T = TypeVar("T")

# At level DEBUG the library logs the login's password and whole requests: never, whoever asks.
for _talkative in ("huawei_lte_api.Connection", "huawei_lte_api.Session"):
    logging.getLogger(_talkative).setLevel(logging.WARNING)

CONNECT_TIMEOUT_S, ANSWER_TIMEOUT_S = 10.0, 30.0
LOCKED_S, REFUSED_S = 300.0, 60.0  # how long a refused login is not tried again
_SSH_PORT = 22  # what an inventory that names no port means: the platform's own
_OK = "OK"
# What the library's reading of a page that is no answer of this API ends in.
_ODD = (requests.HTTPError, ExpatError, ValueError, KeyError, TypeError)
_TROUBLE = (requests.RequestException, ResponseErrorException, *_ODD)
_VAULT = "check the modem's password in the site's vault and provision again"
_WAIT = "wait five minutes, let nobody press again, then try once"
# Code -> (reason, next step). Names of the codes: the modem's own page (its main.js).
_LOGIN_CODES = {
    108001: ("the modem does not know this user name", "check username in site_modem: admin"),
    108002: ("the modem refused the password", _VAULT),
    108003: ("somebody else is logged in", "log out on the modem's own page, or wait 5 minutes"),
    108005: ("too many people are logged in", "log out on the modem's own page, or wait 5 minutes"),
    108006: ("the modem refused the password", _VAULT),
    108007: ("too many logins were refused: the account is locked for a while", _WAIT),
    108009: ("somebody else is logged in", "log out on the modem's own page, or wait 5 minutes"),
    108010: ("logins follow each other too fast", _WAIT),
    115002: (
        "the modem wants its first password changed",
        "log in on the modem's own page once and set the password of the vault",
    ),
    100003: ("this account may not do that", "use the modem's admin account in site_modem"),
    125001: ("the modem refused the session's token", "it is opened again on the next try"),
    125002: ("the modem ended the session", "it is opened again on the next try"),
    125003: ("the modem refused the session's token", "it is opened again on the next try"),
}
_CODES = {
    100001: ("the modem tells no reason", "look at the modem's own page, or switch it off and on"),
    100004: ("the modem is busy", "try again in a minute"),
    100005: ("the modem does not understand the request", "its firmware has another format"),
    100006: ("the modem refused a value", "compare APN and user name with the carrier's letter"),
    100007: ("the modem could not save it", "switch the modem off and on, then try again"),
    100009: ("the modem could not save it", "switch the modem off and on, then try again"),
    120001: ("a call is under way on the modem", "try again when the call has ended"),
}
_LOCKED = frozenset({108007, 108010})


class BusyError(DeviceError):
    """The modem is doing something else; asking again later helps."""


class HilinkSession:
    """One login, opened when first needed and again after a loss.

    Args:
        access: how to reach the modem.
        username: the account to use.
        password: its password; empty where the modem has none.
        clock: for how long a refused login is not tried again.
    """

    def __init__(self, access: ModemAccess, username: str, password: str, clock: Clock) -> None:
        port = 80 if access.port == _SSH_PORT else access.port
        self._url = f"http://{access.host}:{port}/"
        self._host = access.host
        self._username = username
        self._password = password
        self._clock = clock
        self._web: requests.Session | None = None
        self._connection: Connection | None = None
        self._refused: DeviceLoginError | None = None
        self._refused_until = 0.0
        self._has_key: bool | None = None

    @property
    def subject(self) -> str:
        """What errors are about."""
        return f"modem {self._host}"

    def get(self, endpoint: str) -> Answer:
        """The answer to a question.

        Raises:
            NotSupportedError: this model does not have it.
            BusyError: the modem is busy.
            DeviceLoginError, DeviceUnreachableError, DeviceError: as they say.
        """
        answer = self._do(f"read {endpoint}", lambda connection: connection.get(endpoint))
        if not isinstance(answer, dict):
            raise DeviceError(self.subject, f"read {endpoint}", f"the answer is only {answer!r}")
        return answer

    def post(self, endpoint: str, body: Answer, action: str, *, encrypted: bool = False) -> None:
        """Send a change. `action` says in errors what is sent, without secrets.

        Raises:
            ApplyError: the modem refused it, or did not say OK.
        """
        secretly = encrypted and self._encrypts()

        def send(connection: Connection) -> object:
            return connection.post_set(endpoint, body, is_encrypted=secretly)

        answer = self._do(action, send)
        if answer != _OK:
            raise ApplyError(self.subject, action, f"the modem answered {answer!r} instead of OK")

    def close(self) -> None:
        """Log out: these modems allow few sessions, and keep forgotten ones for minutes."""
        connection, self._connection = self._connection, None
        web, self._web = self._web, None
        if connection is not None:
            with contextlib.suppress(*_TROUBLE):
                connection.close()
        if web is not None:
            web.close()

    def _encrypts(self) -> bool:
        """Whether the modem has a key for requests that carry passwords; older ones do not."""
        if self._has_key is None:
            try:
                self._has_key = bool(self.get("webserver/publickey").get("encpubkeyn"))
            except NotSupportedError:
                self._has_key = False
        return self._has_key

    def _do(self, action: str, ask: Callable[[Connection], T]) -> T:
        """One request; once more with a new login where the modem had ended the session.

        A refused token means that nothing was done, so repeating is safe also for a change.
        """
        fresh = self._connection is None
        try:
            return self._attempt(action, ask)
        except DeviceLoginError:
            if fresh or self._refused is not None:
                raise
        self._drop()
        return self._attempt(action, ask)

    def _attempt(self, action: str, ask: Callable[[Connection], T]) -> T:
        connection = self._open()
        try:
            return ask(connection)
        except _TROUBLE as error:
            ours = self._explain(error, action)
            if isinstance(ours, DeviceUnreachableError):
                self._drop()
            raise ours from None  # the cause's text may quote the request, and with it a secret

    def _open(self) -> Connection:
        if self._connection is not None:
            return self._connection
        if self._refused is not None and self._clock.monotonic() < self._refused_until:
            raise self._refused
        self._refused = None
        self._web = requests.Session()
        self._web.trust_env = False  # the modem is on the LAN: no proxy, no .netrc
        try:
            self._connection = self._log_in(self._web)
        except _TROUBLE as error:
            self._drop()
            ours = self._explain(error, f"log in as {self._username}")
            if isinstance(ours, DeviceLoginError):
                self._remember_refusal(ours, error)
            raise ours from None
        return self._connection

    def _log_in(self, web: requests.Session) -> Connection:
        """Without a password nothing is sent: models without login answer everybody."""
        timeout = (CONNECT_TIMEOUT_S, ANSWER_TIMEOUT_S)
        account: dict[str, Any] = {}
        if self._password:
            account = {"username": self._username, "password": self._password}
        return Connection(self._url, timeout=timeout, requests_session=web, **account)

    def _remember_refusal(self, refusal: DeviceLoginError, cause: Exception) -> None:
        locked = isinstance(cause, ResponseErrorException) and cause.code in _LOCKED
        self._refused = refusal
        self._refused_until = self._clock.monotonic() + (LOCKED_S if locked else REFUSED_S)

    def _drop(self) -> None:
        """Forget the session without a goodbye."""
        self._connection = None
        web, self._web = self._web, None
        if web is not None:
            web.close()

    def _explain(self, error: Exception, action: str) -> DeviceError:
        if isinstance(error, ResponseErrorException):
            return self._explain_code(error, action)
        if isinstance(error, _ODD):
            reason = f"the answer is not one of a HiLink modem ({type(error).__name__})"
            hint = "check platform and host in site_modem, and what answers at this address"
            return DeviceError(self.subject, action, reason, hint)
        return DeviceUnreachableError(
            self.subject,
            action,
            f"no answer from {self._url} ({type(error).__name__})",
            "check the cable to the modem and that it has power",
        )

    def _explain_code(self, error: ResponseErrorException, action: str) -> DeviceError:
        code = int(error.code or 0)
        if isinstance(error, ResponseErrorNotSupportedException):
            reason = "this model or firmware does not have it (code 100002)"
            return NotSupportedError(self.subject, action, reason)
        if isinstance(error, ResponseErrorSystemBusyException):
            return BusyError(self.subject, action, *_with_code(code, _CODES))
        if code in _LOGIN_CODES or isinstance(
            error, ResponseErrorLoginRequiredException | ResponseErrorWrongSessionToken
        ):
            return DeviceLoginError(self.subject, action, *_with_code(code, _LOGIN_CODES))
        return ApplyError(self.subject, action, *_with_code(code, _CODES))


def _with_code(code: int, known: dict[int, tuple[str, str]]) -> tuple[str, str]:
    reason, hint = known.get(code, ("the modem answered an error", "look at the modem's own page"))
    return f"{reason} (code {code})", hint

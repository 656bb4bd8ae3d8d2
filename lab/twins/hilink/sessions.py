"""Sessions, one-time tokens, logins and the key of the modem's web server."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1

from lab.twins.hilink.device import RefusedError

if TYPE_CHECKING:
    from lab.twins.hilink.config import TwinConfig

WRONG_PASSWORD, LOCKED = 108006, 108007
NO_SESSION, WRONG_TOKEN = 125002, 125003
TRIES = 3
LOCK_S = 60.0
_TOKEN_BYTES = 24
_BLOCK = 256  # bytes of one encrypted block: a 2048-bit key


@cache
def private_key() -> rsa.RSAPrivateKey:
    """The modem's key; the same for all twins of a process, because making one takes a while."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(slots=True)
class Session:
    """One cookie. Tokens are used up; each answer to a change carries new ones."""

    tokens: list[str] = field(default_factory=list)
    logged_in: bool = False
    used_at: float = field(default_factory=time.monotonic)

    def new_token(self) -> str:
        """One more valid token."""
        self.tokens.append(secrets.token_urlsafe(_TOKEN_BYTES))
        return self.tokens[-1]


class Sessions:
    """All sessions of one modem, in memory: gone after a reboot."""

    def __init__(self, config: TwinConfig) -> None:
        self._config = config
        self._sessions: dict[str, Session] = {}
        self._failures = 0
        self._locked_until = 0.0

    def open(self) -> tuple[str, Session]:
        """A new cookie."""
        cookie = secrets.token_urlsafe(_TOKEN_BYTES)
        self._sessions[cookie] = Session()
        return cookie, self._sessions[cookie]

    def of(self, cookie: str) -> Session:
        """The session of a cookie. Raises `RefusedError` 125002 when it is none or has expired."""
        session = self._sessions.get(cookie)
        if session is None or time.monotonic() - session.used_at > self._config.timing.session_s:
            self._sessions.pop(cookie, None)
            raise RefusedError(NO_SESSION)
        session.used_at = time.monotonic()
        return session

    def forget_all(self) -> None:
        """Every session ends."""
        self._sessions.clear()

    @staticmethod
    def use_token(session: Session, token: str) -> None:
        """Spend a token. Raises `RefusedError` 125003 when it is not valid."""
        if token not in session.tokens:
            raise RefusedError(WRONG_TOKEN)
        session.tokens.remove(token)

    def log_in(self, session: Session, request: dict[str, Any], token: str) -> None:
        """Check the encoded password. Raises `RefusedError` 108006, or 108007 while locked."""
        if time.monotonic() < self._locked_until:
            raise RefusedError(LOCKED)
        right = request.get("Username") == self._config.username and hmac.compare_digest(
            str(request.get("Password", "")).encode(), self._encoded(token)
        )
        if not right:
            self._failures += 1
            if self._failures >= TRIES:
                self._locked_until = time.monotonic() + LOCK_S
                raise RefusedError(LOCKED)
            raise RefusedError(WRONG_PASSWORD)
        self._failures = 0
        session.logged_in = True

    def state(self, session: Session) -> dict[str, Any]:
        """`user/state-login`."""
        locked = time.monotonic() < self._locked_until
        shown = {
            "State": 0 if session.logged_in else -1,
            "Username": self._config.username if session.logged_in else "",
            "password_type": self._config.manner.password_type,
            "remainwaittime": 1 if locked else 0,
            "lockstatus": int(locked),
        }
        if self._config.manner.rsa_padding is not None:
            shown["rsapadingtype"] = self._config.manner.rsa_padding  # the firmware's spelling
        return shown

    def public_key(self) -> dict[str, Any]:
        """`webserver/publickey`. Raises `RefusedError` on a model without encryption."""
        if self._config.manner.rsa_padding is None:
            raise RefusedError(100002)
        numbers = private_key().public_key().public_numbers()
        return {"encpubkeyn": f"{numbers.n:x}", "encpubkeye": f"{numbers.e:06x}"}

    def decrypted(self, body: bytes) -> str:
        """The text of an encrypted request. Raises `ValueError` when it is none of this key."""
        raw = bytes.fromhex(body.decode("ascii"))
        scheme: padding.AsymmetricPadding = padding.PKCS1v15()
        if self._config.manner.rsa_padding == 1:
            scheme = padding.OAEP(padding.MGF1(SHA1()), SHA1(), None)  # noqa: S303 - the modem's
        blocks = [raw[at : at + _BLOCK] for at in range(0, len(raw), _BLOCK)]
        pieces = [private_key().decrypt(block, scheme) for block in blocks]
        return base64.b64decode(b"".join(pieces)).decode()

    def _encoded(self, token: str) -> bytes:
        """The password as the page sends it."""
        password = self._config.password.encode()
        if self._config.manner.password_type != 4:  # noqa: PLR2004 - SHA-256, see config
            return base64.b64encode(password)
        inner = _hex64(password)
        return _hex64(self._config.username.encode() + inner + token.encode())


def _hex64(data: bytes) -> bytes:
    return base64.b64encode(hashlib.sha256(data).hexdigest().encode())

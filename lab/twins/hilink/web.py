"""The modem's web server: every answer is HTTP 200, also an error."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aiohttp import web

from lab.twins.hilink import xml
from lab.twins.hilink.device import FORMAT, UNSUPPORTED, RefusedError
from lab.twins.hilink.sessions import Session, Sessions

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.twins.hilink.device import Device

NO_RIGHTS = 100003
COOKIE, TOKEN = "SessionID", "__RequestVerificationToken"
_REBOOT = "1"
_HUNG_POLL_S = 0.05
# What the page asks before anybody has logged in.
_PUBLIC = frozenset(
    {"monitoring/status", "net/current-plmn", "device/signal", "pin/status", "user/state-login"}
)
_HOME = '<html><head>{tokens}<title>HUAWEI</title></head><body class="login"></body></html>'


class WebFront:
    """Listens and serves one modem."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._sessions = Sessions(device.config)
        self._down = False
        self._runner: web.AppRunner | None = None
        self._reboot: asyncio.Task[None] | None = None
        self.requests: list[str] = []  # "POST dialup/profiles", oldest first

    async def start(self, host: str, port: int) -> int:
        """Listen; gives the port (useful with port 0)."""
        application = web.Application(middlewares=[self._when_up])
        application.router.add_get("/", self._home)
        application.router.add_get("/api/{endpoint:.+}", self._get)
        application.router.add_post("/api/{endpoint:.+}", self._post)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, reuse_address=True)
        await site.start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Stop listening."""
        if self._reboot is not None:
            self._reboot.cancel()
        if self._runner is not None:
            await self._runner.cleanup()

    def end_sessions(self) -> None:
        """Forget every login, as after five idle minutes."""
        self._sessions.forget_all()

    @web.middleware
    async def _when_up(self, request: web.Request, handler: Any) -> web.StreamResponse:  # noqa: ANN401 - aiohttp's own signature
        """While the modem restarts, connections break."""
        if self._down:
            _break(request)
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _home(self, request: web.Request) -> web.Response:
        del request
        cookie, session = self._sessions.open()
        tokens = ""
        if self._device.config.manner.home_tokens:
            tokens = "".join(
                f'<meta name="csrf_token" content="{session.new_token()}"/>' for _ in range(2)
            )
        answer = web.Response(text=_HOME.format(tokens=tokens), content_type="text/html")
        answer.set_cookie(COOKIE, cookie, path="/", httponly=True)
        return answer

    async def _get(self, request: web.Request) -> web.Response:
        endpoint = request.match_info["endpoint"]
        line = f"GET {endpoint}"
        return await self._answer(request, line, lambda: self._read(request, endpoint))

    async def _post(self, request: web.Request) -> web.Response:
        endpoint = request.match_info["endpoint"]
        body = await request.read()
        try:
            text = self._sessions.decrypted(body) if _encrypted(request) else body.decode()
            content = xml.parse_request(text)
        except ValueError:
            return _reply(xml.error(FORMAT))
        line = f"POST {endpoint} {text}"
        return await self._answer(request, line, lambda: self._change(request, endpoint, content))

    async def _answer(
        self, request: web.Request, line: str, act: Callable[[], Any]
    ) -> web.Response:
        """The answer, with the faults that are asked for."""
        self.requests.append(" ".join(line.split()[:2]))
        faults = self._device.faults.current()
        headers: dict[str, str] = {}
        if faults.hangs(line):
            await _left_alone(request)
        text = faults.answer(line)
        try:
            if text is None:
                found = act()
                text, headers = await found if asyncio.iscoroutine(found) else found
            elif line.startswith("POST"):
                headers = self._next_tokens(request)
        except RefusedError as refusal:
            text = xml.error(refusal.code)
        if faults.hangs_up(line):
            _break(request)
        return _reply(text or xml.OK, headers)

    # Questions

    def _read(self, request: web.Request, endpoint: str) -> tuple[str, dict[str, str]]:
        if endpoint == "webserver/SesTokInfo":
            return self._session_and_token(request)
        if endpoint == "webserver/token":
            raise RefusedError(UNSUPPORTED)
        session = self._sessions.of(request.cookies.get(COOKIE, ""))
        source = self._sources(session).get(endpoint)
        if source is None:
            raise RefusedError(UNSUPPORTED)
        public = endpoint in _PUBLIC or endpoint == "webserver/publickey"
        if not public and not session.logged_in:
            raise RefusedError(NO_RIGHTS)
        return xml.document(source()), {}

    def _sources(self, session: Session) -> dict[str, Callable[[], dict[str, Any]]]:
        device = self._device
        return {
            "webserver/publickey": self._sessions.public_key,
            "user/state-login": lambda: self._sessions.state(session),
            "device/information": device.information,
            "device/signal": device.signal,
            "monitoring/status": device.status,
            "net/current-plmn": device.network,
            "pin/status": device.pin,
            "dialup/profiles": device.dial_profiles,
            "dialup/mobile-dataswitch": lambda: {"dataswitch": int(device.data_on)},
            "dialup/connection": lambda: {
                "RoamAutoConnectEnable": 0,
                "ConnectMode": 0,
                "MTU": 1500,
            },
        }

    def _session_and_token(self, request: web.Request) -> tuple[str, dict[str, str]]:
        try:
            cookie = request.cookies.get(COOKIE, "")
            session = self._sessions.of(cookie)
        except RefusedError:
            cookie, session = self._sessions.open()
        text = xml.document({"SesInfo": f"{COOKIE}={cookie}", "TokInfo": session.new_token()})
        return text, {"Set-Cookie": f"{COOKIE}={cookie}; path=/; HttpOnly"}

    # Changes

    async def _change(
        self, request: web.Request, endpoint: str, content: dict[str, Any]
    ) -> tuple[str, dict[str, str]]:
        session = self._sessions.of(request.cookies.get(COOKIE, ""))
        token = request.headers.get(TOKEN, "")
        self._sessions.use_token(session, token)
        if endpoint == "user/login":
            self._sessions.log_in(session, content, token)
            session.tokens.clear()
            first, second = session.new_token(), session.new_token()
            return xml.OK, {f"{TOKEN}one": first, f"{TOKEN}two": second}
        if not session.logged_in:
            raise RefusedError(NO_RIGHTS)
        await self._do(session, endpoint, content)
        return xml.OK, {TOKEN: session.new_token()}

    async def _do(self, session: Session, endpoint: str, content: dict[str, Any]) -> None:
        if endpoint == "user/logout":
            session.logged_in = False
        elif endpoint == "dialup/profiles":
            await self._device.set_profiles(content)
        elif endpoint == "dialup/mobile-dataswitch":
            self._device.set_data(content)
        elif endpoint == "device/control" and content.get("Control") == _REBOOT:
            self._reboot = asyncio.get_running_loop().create_task(self._restart())
        else:
            raise RefusedError(UNSUPPORTED)

    async def _restart(self) -> None:
        self._down = True
        self._sessions.forget_all()
        await self._device.stop()
        await asyncio.sleep(self._device.config.timing.reboot_s)
        await self._device.start()
        self._down = False

    def _next_tokens(self, request: web.Request) -> dict[str, str]:
        """A modem that lies still keeps its tokens in order."""
        session = self._sessions.of(request.cookies.get(COOKIE, ""))
        self._sessions.use_token(session, request.headers.get(TOKEN, ""))
        return {TOKEN: session.new_token()}


async def _left_alone(request: web.Request) -> None:
    """Answer nothing until the other side gives up."""
    while not (request.transport is None or request.transport.is_closing()):  # noqa: ASYNC110
        await asyncio.sleep(_HUNG_POLL_S)
    raise ConnectionResetError


def _encrypted(request: web.Request) -> bool:
    return request.headers.get("encrypt_transmit") == "encrypt_transmit"


def _reply(text: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(text=text, content_type="text/html", charset="utf-8", headers=headers)


def _break(request: web.Request) -> None:
    """Cut the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    raise ConnectionResetError

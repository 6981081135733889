"""What every request passes: the host it names, where it comes from, who sent it; and the headers of every answer.

Against other sites: the cookie is SameSite=Strict, a request that changes anything or opens a socket must come from
this very site (Origin), and without a log-in only known host names are answered (DNS rebinding).
"""

from collections.abc import Collection
from urllib.parse import quote, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.access.sessions import Sessions

OPEN_PATHS = frozenset({"/livez", "/readyz", "/login", "/static/console.css", "/static/icon.svg"})
SAFE_METHODS = ("GET", "HEAD")

HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'self'",
            "script-src 'self' 'unsafe-inline' 'unsafe-eval'",  # NiceGUI: inline module, templates compiled by Vue
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Guard:
    """ASGI middleware. names: host names that are answered, None for any."""

    def __init__(self, app: ASGIApp, sessions: Sessions, names: Collection[str] | None, most_bytes: int) -> None:
        self.app = app
        self._sessions = sessions
        self._names = names
        self._most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        visitor = self._sessions.visitor(connection.cookies)
        scope.setdefault("state", {})["visitor"] = visitor
        refusal = self._refusal(connection) or (None if visitor else _without_session(connection))
        if refusal is None:
            await self.app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await refusal(scope, receive, _with_headers(send))

    def _refusal(self, connection: HTTPConnection) -> Response | None:
        host = connection.headers.get("host", "")
        if self._names is not None and _name_of(host) not in self._names:
            return PlainTextResponse(f"{host!r} is not this console's name: add it to CONSOLE_NAMES\n", 421)
        origin = connection.headers.get("origin")
        changes = connection.scope["type"] == "websocket" or connection.scope["method"] not in SAFE_METHODS
        if changes and origin is not None and urlsplit(origin).netloc != host:
            return PlainTextResponse("requests from other sites are refused\n", 403)
        length = connection.headers.get("content-length", "0")
        if length.isdigit() and int(length) > self._most_bytes:
            detail = f"the file has {int(length):,} bytes, {self._most_bytes:,} at most: put it into the object store"
            return PlainTextResponse(detail + " and name its address\n", 413)
        return None


def _without_session(connection: HTTPConnection) -> Response | None:
    path = connection.url.path
    if path in OPEN_PATHS:
        return None
    if connection.scope["type"] == "http" and "text/html" in connection.headers.get("accept", ""):
        return RedirectResponse(f"/login?to={quote(path)}", 303)
    return PlainTextResponse("log in first\n", 401)


def _name_of(host: str) -> str:
    return host.rpartition(":")[0] if ":" in host.rpartition("]")[2] else host


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sent

"""What proxies do to a request: a path prefix in front of ours, and headers that say how the client asked."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address

from starlette.types import ASGIApp, Receive, Scope, Send

Network = IPv4Network | IPv6Network

PREFIX, HOST, PROTO = b"x-forwarded-prefix", b"x-forwarded-host", b"x-forwarded-proto"
FOR = b"x-forwarded-for"

MOST_PROXIES = 10
"""How many addresses of a chain are looked at, from its end."""


class Forwarded:
    """ASGI middleware: takes the prefix off the path and, from trusted proxies only, the client's address, and the
    scheme and host that it sees. The scope's `prefix` is what links within the gateway begin with.

    A proxy may leave the prefix on the path or take it off (nginx's `proxy_pass` with a slash at the end).
    """

    def __init__(self, app: ASGIApp, trusted: Iterable[Network], prefix: str) -> None:
        self.app = app
        self._trusted = tuple(trusted)
        self._prefix = prefix
        self._known: dict[str, bool] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["prefix"] = self._prefix
            client = scope["client"]
            if client and self._trusts(client[0]):
                self._take_headers(scope)
            if prefix := scope["prefix"]:
                _take_off(scope, prefix)
        await self.app(scope, receive, send)

    def _trusts(self, host: str) -> bool:
        trusted = self._known.get(host)
        if trusted is None:
            if len(self._known) >= 1_000:  # every client is one where no proxy stands in front
                self._known.clear()
            trusted = self._known[host] = any(ip_address(host) in network for network in self._trusted)
        return trusted

    def _take_headers(self, scope: Scope) -> None:
        for name, value in tuple(scope["headers"]):
            if not name.startswith(b"x-forwarded-"):
                continue
            first = value.split(b",")[0].strip()
            if name == PROTO and first in (b"http", b"https"):
                scope["scheme"] = first.decode()
            elif name == HOST and first:
                scope["headers"] = [(b"host", first), *(part for part in scope["headers"] if part[0] != b"host")]
            elif name == PREFIX and first.startswith(b"/"):
                scope["prefix"] = first.decode("latin-1").rstrip("/")
            elif name == FOR and (client := self._client(value)):
                scope["client"] = (client, 0)

    def _client(self, passed: bytes) -> str | None:
        """The last address that no trusted proxy has: what stands before it, anybody can have written."""
        for part in reversed(passed.split(b",")[-MOST_PROXIES:]):
            try:
                address = str(ip_address(part.strip().decode("latin-1")))
            except ValueError:
                return None
            if not self._trusts(address):
                return address
        return None


class Mounted:
    """ASGI middleware around FastAPI: gives it the full path, as ASGI has it, and answers HEAD as GET."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        prefix = scope["prefix"]
        scope["root_path"], scope["path"] = prefix, prefix + scope["path"]
        if scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return
        asked = {**scope, "method": "GET"}  # the server sends no body, as its own scope still says HEAD
        try:
            await self.app(asked, receive, send)
        finally:
            scope["route"] = asked.get("route")


def _take_off(scope: Scope, prefix: str) -> None:
    path = scope["path"]
    if path == prefix:
        scope["path"] = "/"
    elif path.startswith(prefix + "/"):
        scope["path"] = path[len(prefix) :]

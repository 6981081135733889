"""Which host names a gateway without keys answers to.

A web page whose own name leads to this machine for a moment (DNS rebinding) could use it otherwise: to a browser it is
the page's own site. Such a name has a dot. Addresses cannot be led elsewhere, and names without a dot are
this network's.
"""

from collections.abc import Collection
from ipaddress import ip_address

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.http import problems

KNOWN = 1_000


class Hosts:
    """ASGI middleware, outside of what believes forwarded headers. names: further names that are answered."""

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        self.app = app
        self._names = frozenset(name.lower() for name in names)
        self._known: set[bytes] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._answers(scope):
            await self.app(scope, receive, send)
            return
        detail = "this gateway asks for no keys and answers to its own names alone: name this one in GATEWAY_HOSTS"
        await problems.problem(421, "Misdirected request", detail)(scope, receive, send)

    def _answers(self, scope: Scope) -> bool:
        for name, value in scope["headers"]:
            if name == b"host" and value not in self._known:
                if not self._is_ours(value.decode("latin-1").lower()):
                    return False
                if len(self._known) < KNOWN:
                    self._known.add(value)
        return True

    def _is_ours(self, host: str) -> bool:
        name = host.partition("]")[0].lstrip("[") if host.startswith("[") else host.rpartition(":")[0] or host
        if "." not in name.rstrip(".") or name.endswith(".localhost") or name in self._names:
            return True
        try:
            ip_address(name)
        except ValueError:
            return False
        return True

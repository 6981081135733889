"""Who may use which route, and how much of it: API keys, rates, the queue's length, the body's size."""

import math
import time

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.errors import DeliveryTimeError
from gateway.http import keys, problems
from gateway.http.keys import Key, KeyRing
from gateway.http.limits import RateLimit

OPEN_PATHS = frozenset({"/livez", "/readyz", "/metrics", "/docs", "/openapi.json"})
JOBS_PATH = "/batch-jobs"


class Access:
    """ASGI middleware. Without `key_ring` no key is asked for; then no rate is limited either."""

    def __init__(
        self, app: ASGIApp, key_ring: KeyRing | None, rate_limit: RateLimit, most_waiting: int, most_body_bytes: int
    ) -> None:
        self.app = app
        self._key_ring = key_ring
        self._rate_limit = rate_limit
        self._most_waiting = most_waiting
        self._most_body_bytes = most_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS:
            await self.app(scope, receive, send)
            return
        length, sent_key = _headers(scope)
        refusal = self._refusal(scope, length, sent_key)
        if refusal:
            await refusal(scope, receive, send)
        elif length is None:
            await self.app(scope, self._measured(receive), send)
        else:
            await self.app(scope, receive, send)

    def _refusal(self, scope: Scope, length: int | None, sent_key: str | None) -> Response | None:
        waiting = scope["state"].get("waiting_requests", ())
        if len(waiting) > self._most_waiting:
            return problems.problem(503, "Too busy", f"{len(waiting)} requests wait already: try again later")
        if length is not None and length > self._most_body_bytes:
            return problems.problem(413, "Too large", f"the body has {length} bytes: {self._most_body_bytes} at most")
        if self._key_ring is None:
            return None
        try:
            key = self._key_ring.find(sent_key) if sent_key else None
        except DeliveryTimeError as error:
            return problems.from_error(error)
        return _forbidden(key, scope["path"]) or self._too_fast(key)

    def _too_fast(self, key: Key | None) -> Response | None:
        wait = self._rate_limit.take(key.id, time.monotonic()) if key else 0.0
        if not wait:
            return None
        headers = {"Retry-After": str(math.ceil(wait))}
        return problems.problem(429, "Too many requests", "this key's rate is used up: slow down", headers=headers)

    def _measured(self, receive: Receive) -> Receive:
        """`receive` for a body whose length was not announced: too long a one is refused while it comes in."""
        left = self._most_body_bytes

        async def receive_measured() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise HTTPException(413, f"the body is longer than {self._most_body_bytes} bytes")
            return message

        return receive_measured


def _headers(scope: Scope) -> tuple[int | None, str | None]:
    """Announced body length in bytes (0 if there is no body, None if not announced) and the key as sent."""
    length: int | None = 0
    key = None
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            length = int(value)
        elif name == b"transfer-encoding":
            length = None
        elif name == b"authorization" and value[:7].lower() == b"bearer ":
            key = value[7:].decode("latin-1").strip()
    return length, key


def _forbidden(key: Key | None, path: str) -> Response | None:
    if key is None:
        detail = "send a valid API key: `Authorization: Bearer dt_…` (`gateway keys create` makes one)"
        return problems.problem(401, "Unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})
    scope: keys.Scope = "jobs" if path.startswith(JOBS_PATH) else "predict"
    if not key.opens(scope):
        return problems.problem(403, "Forbidden", f"key {key.name!r} lacks the scope {scope!r}")
    return None

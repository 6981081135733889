"""Who may use which route, and how much of it: API keys, rates, the queue's length, the body's size."""

import math
import time

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from common.errors import DeliveryTimeError
from gateway.access import keys
from gateway.access.keys import Key, KeyRing
from gateway.access.limits import RateLimit
from gateway.http import problems
from gateway.http.body_limits import ENCODINGS, inflated, measured
from gateway.http.open_paths import is_open

JOBS_PATH = "/batch-jobs"

LONG_BODIES = {"/actuals": 32 * 2**20}
"""Routes whose largest legal body is longer than others may be: 10,000 actuals however they are written."""


class Access:
    """ASGI middleware. Without `key_ring` no key is asked for; then no rate is limited either.

    The scope's `key` is the client's, None where no key is asked for.
    """

    def __init__(
        self, app: ASGIApp, key_ring: KeyRing | None, rate_limit: RateLimit, most_waiting: int, most_body_bytes: int
    ) -> None:
        self.app = app
        self._key_ring = key_ring
        self._rate_limit = rate_limit
        self._most_waiting = most_waiting
        self._most_body_bytes = most_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or is_open(scope["path"]):
            await self.app(scope, receive, send)
            return
        length, key, encoding = _headers(scope)
        most_bytes = max(self._most_body_bytes, LONG_BODIES.get(scope["path"], 0))
        refusal = self._refusal(scope, length, key, encoding, most_bytes)
        if refusal:
            await refusal(scope, receive, send)
            return
        if length is None:
            receive = measured(receive, most_bytes)
        if encoding:
            receive = inflated(receive, encoding, most_bytes)
        await self.app(scope, receive, send)

    def _refusal(
        self, scope: Scope, length: int | None, sent_key: str | None, encoding: bytes | None, most_bytes: int
    ) -> Response | None:
        waiting = scope["state"].get("waiting_requests", ())
        if len(waiting) > self._most_waiting:
            return problems.problem(503, "Too busy", f"{len(waiting)} requests wait already: try again later")
        if length is not None and length > most_bytes:
            return problems.problem(413, "Too large", f"the body has {length} bytes: {most_bytes} at most")
        if encoding and encoding not in ENCODINGS:
            detail = f"send the body as it is, or with Content-Encoding gzip or deflate (got {encoding.decode()!r})"
            headers = {"Accept-Encoding": "gzip, deflate"}
            return problems.problem(415, "Unsupported media type", detail, headers=headers)
        scope["key"] = None
        if self._key_ring is None:
            return None
        try:
            key = scope["key"] = self._key_ring.find(sent_key) if sent_key else None
        except DeliveryTimeError as error:
            return problems.from_error(error)
        return _forbidden(key, scope["path"]) or self._too_fast(key)

    def _too_fast(self, key: Key | None) -> Response | None:
        wait = self._rate_limit.take(key.owner, time.monotonic()) if key else 0.0
        if not wait:
            return None
        headers = {"Retry-After": str(math.ceil(wait))}
        return problems.problem(
            429, "Too many requests", "the rate of this key's owner is used up: slow down", headers=headers
        )


def _headers(scope: Scope) -> tuple[int | None, str | None, bytes | None]:
    """Announced body length in bytes (0 if there is no body, None if not announced), the key as sent, the encoding."""
    length: int | None = 0
    key = encoding = None
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            length = int(value)
        elif name == b"transfer-encoding":
            length = None
        elif name == b"authorization" and value[:7].lower() == b"bearer ":
            key = value[7:].decode("latin-1").strip()
        elif name == b"content-encoding":
            encoding = value.strip().lower()
    return length, key, None if encoding == b"identity" else encoding


def _forbidden(key: Key | None, path: str) -> Response | None:
    if key is None:
        detail = "send a valid API key: `Authorization: Bearer dt_…` (`gateway keys create` makes one)"
        return problems.problem(401, "Unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})
    scope: keys.Scope = "jobs" if path.startswith(JOBS_PATH) else "predict"
    if not key.opens(scope):
        return problems.problem(403, "Forbidden", f"key {key.name!r} lacks the scope {scope!r}")
    return None

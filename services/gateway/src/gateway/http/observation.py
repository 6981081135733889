"""Around every request: its id, security headers, the log line if it failed, and no stack trace for the client."""

import logging
import re
import secrets
import time
from itertools import count

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.logs import bound
from gateway.http import problems
from gateway.http.protocol import TIMED_OUT
from gateway.metrics import Metrics

logger = logging.getLogger(__name__)

REQUEST_ID = b"x-request-id"
ACCEPTED_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}\Z")

SHOWN_PATH = 200
"""Characters of a path that a line of the log repeats: anybody can send 64 KiB of it."""

CLIENT_GONE = 499
"""nginx's status for a client that hung up before its answer; nobody receives it, the metrics count it."""

SECURITY_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
]


class Observation:
    """ASGI middleware, the outermost one of ours."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self._metrics = metrics
        self._prefix = secrets.token_hex(6)
        self._numbers = count()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = time.perf_counter(), 0
        request_id = scope["request_id"] = self._request_id(scope)
        headers = [*SECURITY_HEADERS, (REQUEST_ID, request_id.encode())]

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *headers]
            await send(message)

        self._metrics.in_progress += 1
        with bound(request_id=request_id):
            try:
                await self.app(scope, receive, send_with_headers)
            except ClientDisconnect:
                status = 408 if scope["state"].get(TIMED_OUT) else CLIENT_GONE
            except Exception:
                logger.exception("%s %s failed", scope["method"], scope["path"])
                if status:
                    raise
                detail = f"the server failed; its log knows this request as {request_id}"
                await problems.problem(500, "Internal error", detail)(scope, receive, send_with_headers)
            finally:
                self._metrics.in_progress -= 1
            seconds = time.perf_counter() - started
            self._metrics.answered(route_path(scope), status, seconds)
            level = logging.WARNING if status >= 500 else logging.INFO if status >= 400 else logging.DEBUG
            if logger.isEnabledFor(level):
                key = scope.get("key")
                with bound(**({"key_id": key.id} if key else {})):
                    path = scope["path"][:SHOWN_PATH]
                    logger.log(level, "%s %s %d %.1f ms", scope["method"], path, status, seconds * 1e3)

    def _request_id(self, scope: Scope) -> str:
        for name, value in scope["headers"]:
            if name == REQUEST_ID and ACCEPTED_ID.match(value):
                return str(value, "ascii")
        return f"{self._prefix}-{next(self._numbers):x}"


def route_path(scope: Scope) -> str:
    """The path with its parameters' names, so that ids in paths do not make a metric each."""
    if direct := scope.get("route_path"):
        return str(direct)
    route = scope.get("route")
    return str(route.path) if route else "unmatched"

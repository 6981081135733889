"""Routes that FastAPI documents but does not run: those where every microsecond counts.

FastAPI takes some 140 µs to route a request, solve its dependencies and validate the response; a direct route takes 10.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.http import problems

Handler = Callable[[Request], Awaitable[Response]]


class DirectRoutes:
    """POST routes by path, to be filled by `add` and served by the middleware Direct."""

    def __init__(self) -> None:
        self.handlers: dict[str, Handler] = {}

    def add(self, app: FastAPI, path: str, documented: Callable[..., Any], handler: Handler, **about: Any) -> None:
        """Serve POST `path` by `handler`, which reads and validates the body itself.

        `documented` is never called: its signature and docstring are what the OpenAPI document says of the route.
        """
        app.router.add_api_route(path, documented, methods=["POST"], **about)
        self.handlers[path] = handler


class Direct:
    """ASGI middleware, the innermost of ours: answers direct routes, passes everything else on to FastAPI."""

    def __init__(self, app: ASGIApp, routes: DirectRoutes) -> None:
        self.app = app
        self._handlers = routes.handlers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        handler = self._handlers.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if handler is None:
            await self.app(scope, receive, send)
            return
        scope["route_path"] = scope["path"]
        request = Request(scope, receive)
        try:
            response = await handler(request)
        except Exception as error:
            answer = problems.response_to(request, error)
            if answer is None:
                raise
            response = answer
        await response(scope, receive, send)

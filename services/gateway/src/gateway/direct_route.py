"""A route that FastAPI documents but does not run: for the routes where every microsecond counts."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

Handler = Callable[[Request], Awaitable[Response]]


def add(app: FastAPI, path: str, documented: Callable[..., Any], handler: Handler, **documentation: Any) -> None:
    """Serve POST `path` by `handler`, which reads and validates the body itself.

    `documented` is never called: its signature and docstring are what the OpenAPI document says of the route. Going
    round FastAPI's dependency solving and response validation saves two thirds of its time for a request.
    """

    class DirectRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            async def handle(request: Request) -> Response:
                return await handler(request)

            return handle

    app.router.add_api_route(path, documented, methods=["POST"], route_class_override=DirectRoute, **documentation)

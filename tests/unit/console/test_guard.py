import asyncio
from typing import Any

import pytest

from console.access.guard import Guard
from console.access.sessions import Sessions


async def ask(guard: Guard, kind: str, method: str, **headers: str) -> list[dict[str, Any]]:
    scope = {
        "type": kind,
        "method": method,
        "path": "/",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    await guard(scope, receive, send)
    return sent


async def app(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})


def status(kind: str = "http", method: str = "GET", **headers: str) -> int:
    guard = Guard(app, Sessions(lambda _: None, 1, required=False), {"localhost", "[::1]"}, most_bytes=100)
    message = asyncio.run(ask(guard, kind, method, **headers))[0]
    return int(message.get("status", message.get("code", 0)))


def test_its_own_pages_may_change_things() -> None:
    assert status(method="POST", host="localhost:8091", origin="http://localhost:8091") == 200
    assert status("websocket", host="localhost:8091", origin="http://localhost:8091") == 200


@pytest.mark.parametrize("origin", ["http://elsewhere", "http://localhost:9999", "null", "http://localhost"])
def test_other_sites_may_not(origin: str) -> None:
    assert status(method="POST", host="localhost:8091", origin=origin) == 403
    assert status("websocket", host="localhost:8091", origin=origin) == 1008


@pytest.mark.parametrize("host", ["rebound.example:8091", "localhost.evil", "", "127.0.0.1"])
def test_a_host_that_is_not_known_is_not_answered(host: str) -> None:
    assert status(host=host) == 421


@pytest.mark.parametrize("host", ["localhost", "localhost:1", "[::1]", "[::1]:8091"])
def test_a_known_host_is_answered_on_any_port(host: str) -> None:
    assert status(host=host) == 200


def test_a_body_that_is_too_long_is_refused_before_it_is_read() -> None:
    assert status(method="POST", host="localhost", **{"content-length": "101"}) == 413
    assert status(method="POST", host="localhost", **{"content-length": "100"}) == 200

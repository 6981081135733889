"""Who a client is behind proxies."""

import asyncio
from ipaddress import ip_network
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from gateway.http.proxying import Forwarded

TRUSTED = [ip_network("10.0.0.0/8")]


def client_of(peer: str, *passed: str) -> str:
    """The address that the application sees."""
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["client"][0])

    headers = [(b"x-forwarded-for", value.encode("latin-1")) for value in passed]
    scope: dict[str, Any] = {"type": "http", "path": "/", "client": (peer, 1234), "headers": headers}
    asyncio.run(Forwarded(app, TRUSTED, "")(scope, None, None))  # type: ignore[arg-type]
    return seen[0]


@pytest.mark.parametrize(
    ("peer", "passed", "client"),
    [
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "2001:db8::7", "2001:db8::7"),
        ("10.0.0.1", "192.0.2.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "10.0.0.7", "10.0.0.1"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("203.0.113.9", "192.0.2.1", "203.0.113.9"),
    ],
    ids=[
        "one proxy",
        "two proxies",
        "IPv6",
        "what the client itself has written does not count",
        "a chain of proxies alone",
        "no address",
        "empty",
        "a stranger's word does not count",
    ],
)
def test_the_client_is_the_last_address_that_is_no_trusted_proxys(peer: str, passed: str, client: str) -> None:
    assert client_of(peer, passed) == client


def test_a_long_chain_is_looked_at_from_its_end() -> None:
    assert client_of("10.0.0.1", "1.1.1.1," * 100_000 + "203.0.113.9") == "203.0.113.9"

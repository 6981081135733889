"""How long a connection is kept, without waiting so long."""

import asyncio
from typing import Any
from unittest.mock import create_autospec

from uvicorn.config import Config
from uvicorn.server import ServerState

from gateway.http.protocol import SENDING_SECONDS, GatewayProtocol
from gateway.settings import GatewaySettings

BALANCERS_SECONDS = 65
"""AWS' load balancers keep an idle connection for 60 s, nginx and Google's for a little more."""


async def answer(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


async def timers_after_an_answer(keep_alive: int) -> list[float]:
    """In how many seconds whatever closes the connection comes, once a request was answered on it."""
    loop, set_timers = asyncio.get_running_loop(), list[asyncio.TimerHandle]()
    config = Config(answer, timeout_keep_alive=keep_alive, lifespan="off", log_config=None)  # type: ignore[arg-type]
    config.load()
    protocol, call_later = GatewayProtocol(config, ServerState(), {}, loop), loop.call_later
    loop.call_later = lambda *of: set_timers.append(call_later(*of)) or set_timers[-1]  # type: ignore[method-assign]
    transport = create_autospec(asyncio.Transport, instance=True)
    transport.is_closing.return_value = False
    protocol.connection_made(transport)
    assert len(set_timers) == 1
    assert set_timers[0].when() - loop.time() <= SENDING_SECONDS
    protocol.data_received(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    while protocol.server_state.tasks:
        await asyncio.sleep(0)
    left = [timer.when() - loop.time() for timer in set_timers if not timer.cancelled()]
    protocol.connection_lost(None)
    return left


def test_an_idle_connection_is_kept_as_long_as_the_setting_says() -> None:
    for seconds in (3, 120):
        (left,) = asyncio.run(timers_after_an_answer(seconds))
        assert seconds - 1 < left <= seconds


def test_by_default_it_is_kept_longer_than_a_load_balancer_keeps_it() -> None:
    (left,) = asyncio.run(timers_after_an_answer(GatewaySettings().keep_alive_seconds))
    assert left > BALANCERS_SECONDS

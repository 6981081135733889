"""What uvicorn's HTTP protocol lacks: bounds for slow senders and long heads, and the number of requests that wait."""

import asyncio
from typing import Any

from pydantic_core import to_json
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

SENDING_SECONDS = 10.0
"""How long a client may take to send its request, head and body; then it gets a 408 and the connection is closed."""

HEAD_BYTES = 65_536
"""How long a request's line and headers may be, beyond what came with their first bytes (256 KiB at most)."""

TOO_LONG_HEAD = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"

_TOO_SLOW = to_json(
    {
        "type": "urn:delivery-time:request-timeout",
        "title": "Request timeout",
        "status": 408,
        "detail": f"the request took more than {SENDING_SECONDS:g} s to arrive: send it faster, or in smaller parts",
    }
)
TOO_SLOW = (
    b"HTTP/1.1 408 Request Timeout\r\ncontent-type: application/problem+json\r\nconnection: close\r\n"
    b"content-length: %d\r\n\r\n%b" % (len(_TOO_SLOW), _TOO_SLOW)
)

WAITING_REQUESTS = "waiting_requests"
TIMED_OUT = "timed_out"
"""In the state of a request's scope once its sender has taken too long."""


class GatewayProtocol(HttpToolsProtocol):
    """One connection. The ASGI scope's state holds `waiting_requests`, a set with one element for each request."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        app_state[WAITING_REQUESTS] = server_state.tasks
        self._deadline: asyncio.TimerHandle | None = None
        self._begun = False
        self._in_head = True
        self._head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._start_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        was_in_head = self._in_head
        super().data_received(data)
        if was_in_head and self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self.transport.write(TOO_LONG_HEAD)
                self.transport.close()

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._begun, self._in_head, self._head_bytes = True, True, 0
        if self._deadline is None:
            self._start_deadline()

    def on_message_complete(self) -> None:
        self._end_deadline()
        self._begun = False
        super().on_message_complete()

    def _start_deadline(self) -> None:
        self._deadline = self.loop.call_later(SENDING_SECONDS, self._give_up)

    def _give_up(self) -> None:
        """Say that the request came too slowly, where one has begun and nothing was answered yet; hang up."""
        answering = not self._in_head and self.cycle is not None and self.cycle.response_started
        if self._begun and not answering and not self.transport.is_closing():
            if not self._in_head and self.cycle is not None:
                self.cycle.scope["state"][TIMED_OUT] = True
            self.transport.write(TOO_SLOW)
        self.transport.close()

    def _end_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

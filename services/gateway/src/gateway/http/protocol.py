"""What uvicorn's HTTP protocol lacks: bounds for slow senders, slow readers, long heads, pipelines and connections."""

import asyncio
from typing import Any

import httptools
from pydantic_core import to_json
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from gateway.http.connections import Connections

SENDING_SECONDS = 10.0
"""How long a client may take to send its request, head and body; then it gets a 408 and the connection is closed."""

TAKING_SECONDS = 10.0
"""How long an answer may be stuck, with 64 KiB and more of it not sent, before the connection is cut."""

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

CONNECTION = "connection"
"""In the state of a request's scope: the GatewayProtocol that it came by."""

CONNECTIONS = "connections"
TIMED_OUT = "timed_out"
"""In the state of a request's scope once its sender has taken too long."""


class Ahead(Exception):
    """A request came before the answer to the one before: the parser need not look any further."""


class LeftAside:
    """What a parser says of a body whose head another one has read."""

    def __init__(self, protocol: "GatewayProtocol") -> None:
        self._protocol = protocol
        self._begun = False

    def on_message_begin(self) -> None:
        if self._begun:
            self._protocol.on_message_begin()  # a request sent ahead
        self._begun = True

    def on_body(self, body: bytes) -> None:
        self._protocol.on_body(body)

    def on_message_complete(self) -> None:
        self._protocol.parser = httptools.HttpRequestParser(self._protocol)
        self._protocol.on_message_complete()


class GatewayProtocol(HttpToolsProtocol):
    """One connection. A request that comes before the answer to the one before is not read: it closes the connection
    after that answer, and its client sends it again (RFC 9112, 9.3.2).
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._others: Connections = app_state.setdefault(CONNECTIONS, Connections())
        self.app_state = {**app_state, CONNECTION: self}
        self._deadline: asyncio.TimerHandle | None = None
        self._taking: asyncio.TimerHandle | None = None
        self._begun = False
        self._in_head = True
        self._ahead = False
        self._head_bytes = 0
        self.welcomed = False

    @property
    def idle(self) -> bool:
        """Whether no request is in progress."""
        return self.cycle is None or bool(self.cycle.response_complete)

    def welcome(self) -> None:
        """A request of this connection was let in: it is among the last to be cut when there are too many."""
        self.welcomed = True
        self._others.welcome(self)

    def cut(self) -> None:
        """Drop the connection at once."""
        self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._others.enter(self)
        self._start_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        self._others.leave(self)
        self._end_deadline()
        self._end_taking()
        self.app_state = {}  # it knows us: a circle that only the collector would find
        if self.scope is not None:
            self.scope["state"].pop(CONNECTION, None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._ahead:
            return
        was_in_head = self._in_head
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._stay(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            if not self._ahead:
                self.logger.warning("Invalid HTTP request received.")
                self.send_400_response("Invalid HTTP request received.")
        if was_in_head and self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self.transport.write(TOO_LONG_HEAD)
                self.transport.close()

    def send_400_response(self, msg: str) -> None:
        if self.idle:
            super().send_400_response(msg)
        else:
            self._close_after_answer()

    def on_message_begin(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._close_after_answer()
            raise Ahead
        super().on_message_begin()
        self._begun, self._in_head, self._head_bytes = True, True, 0
        if self._deadline is None:
            self._start_deadline()

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade() and self._framing():
            return  # the body is still to come: see _stay
        self._end_deadline()
        self._begun = False
        super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._taking = self._taking or self.loop.call_later(TAKING_SECONDS, self.cut)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._end_taking()

    def _stay(self, rest: bytes) -> None:
        """Stay with HTTP/1.1 although another protocol is offered, as Java does with every request: the parser stops
        there, and leaves the body and later requests to us."""
        framing = self._framing()
        self.parser = httptools.HttpRequestParser(LeftAside(self) if framing else self)
        if framing:
            self.parser.feed_data(b"POST / HTTP/1.1\r\n%b\r\n" % framing)
        if rest:
            self.data_received(rest)

    def _framing(self) -> bytes:
        """The headers that announce a body, as they were sent."""
        framing = (b"content-length", b"transfer-encoding")
        return b"".join(b"%b: %b\r\n" % (name, value) for name, value in self.headers if name in framing)

    def _close_after_answer(self) -> None:
        """Read nothing more, and hang up once the request in progress is answered."""
        self._ahead, self.cycle.keep_alive = True, False
        self.flow.pause_reading()

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

    def _end_taking(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

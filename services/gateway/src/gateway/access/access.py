"""Who may use which route, and how much of it: API keys, rates, places, the body's size."""

import asyncio
import math
import time

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.errors import DeliveryTimeError
from gateway.access import keys
from gateway.access.admission import SHORT_BODY, Admission, Held, Refused
from gateway.access.brake import Brake
from gateway.access.keys import Key, KeyRing
from gateway.access.limits import RateLimit
from gateway.access.places import Places
from gateway.http import problems
from gateway.http.body_limits import ENCODINGS, inflated, measured
from gateway.http.json_body import FAULTS
from gateway.http.open_paths import HEALTH_PATHS, is_open
from gateway.http.protocol import CONNECTION
from gateway.log.key_id import KEY_ID

JOBS_PATH = "/batch-jobs"
SCOPES: dict[str, keys.Scope] = {"/actuals": "actuals"}

LONG_BODIES = {"/actuals": 32 * 2**20, "/delivery_times": 8 * 2**20}
"""Routes whose largest legal body is longer than others may be: 10,000 actuals however they are written, 1,000 orders
of which everything is said."""

TOKEN_BYTES = 16 * 2**10
"""A request costs its key a token, and one more for so many bytes of its body: 1,000 orders cost some six."""

PAUSE, LONGEST_PAUSE = 2.0, 1.0
"""Where others are about, a long request keeps its key's turn so many times as long as it took, in seconds at most."""

TOKEN_FAULTS = 50
"""And one more for so many faults of its body: to find a hundred thousand takes most of a second."""

OPEN_AT_ONCE, OPEN_OF_ONE = 16, 8
"""Documents and metrics in progress, in all and of one address. Health is answered whatever there is."""

DOCUMENT_COST = 4.0
"""What a document or the metrics cost more than health, or a refusal, does."""

NOBODY = ""

PAGE_POLICY = (
    b"default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    b"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""FastAPI's page starts Swagger by a script of its own, inside it."""


class Access:
    """ASGI middleware. Without `key_ring` no key is asked for; then no rate is limited either.

    The scope's `key` is the client's, None where no key is asked for. Only what is admitted counts against others: open
    routes have places of their own, and slow down, as refusals do, for an address that asks for very many.
    """

    def __init__(
        self, app: ASGIApp, key_ring: KeyRing | None, rate_limit: RateLimit, most_waiting: int, most_body_bytes: int
    ) -> None:
        self.app = app
        self._key_ring = key_ring
        self._rate_limit = rate_limit
        self._most_body_bytes = most_body_bytes
        self._admission = Admission(most_waiting, most_body_bytes, key_ring is not None)
        self._open_places = Places(OPEN_AT_ONCE, OPEN_OF_ONE)
        self._open_brake = Brake(rate=100.0, burst=100.0, longest=2.0)
        self._refusal_brake = Brake(rate=100.0, burst=100.0, longest=2.0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif is_open(scope["path"]):
            await self._open(scope, receive, send)
        else:
            await self._admitted(scope, receive, send)

    async def _open(self, scope: Scope, receive: Receive, send: Send) -> None:
        address, health = _address(scope), scope["path"] in HEALTH_PATHS
        soon = await self._open_brake.slow(address, 1.0 if health else DOCUMENT_COST)
        if health:
            await self.app(scope, receive, send)
        elif not soon or not self._open_places.take(address):
            await problems.problem(503, "Too busy", "too many ask for this: try again later")(scope, receive, send)
        else:
            try:
                await self.app(scope, receive, _own_assets_only(send))
                if (connection := scope["state"].get(CONNECTION)) and connection.flow.write_paused:
                    await connection.flow.drain()
            finally:
                self._open_places.leave(address)

    async def _admitted(self, scope: Scope, receive: Receive, send: Send) -> None:
        length, sent_key, encoding = _headers(scope)
        most_bytes = max(self._most_body_bytes, LONG_BODIES.get(scope["path"], 0))
        if refusal := self._refusal(scope, length, sent_key, encoding, most_bytes):
            await self._refuse(scope, receive, send, refusal)
            return
        key: Key | None = scope["key"]
        announced = 0 if encoding else length or 0
        try:
            held = self._admission.admit(key.id if key else NOBODY, _is_poll(scope), announced)
        except Refused as refused:
            await self._refuse(scope, receive, send, _problem(refused))
            return
        try:
            if encoding:
                receive = inflated(receive, encoding, most_bytes, held.count)
            elif length is None:
                receive = measured(receive, most_bytes, held.count)
            if key and (length is None or length > SHORT_BODY or encoding):
                await self._in_turn(key, held, scope, receive, send)
            else:
                await self.app(scope, receive, send)
                if FAULTS in scope and key:
                    self._charge(key, scope[FAULTS] // TOKEN_FAULTS)
            if (connection := scope["state"].get(CONNECTION)) and connection.flow.write_paused:
                await connection.flow.drain()  # answers that nobody reads keep their places
        finally:
            held.leave()

    async def _in_turn(self, key: Key, held: Held, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a long request when it is its turn, and make the next wait longer where others are about."""
        async with self._admission.turn(key.id):
            if refusal := self._too_fast(key, tokens=0):  # what came before it may have cost much
                await self._refuse(scope, receive, send, refusal)
                return
            started, announced = time.monotonic(), held.bytes
            await self.app(scope, receive, send)
            self._charge(key, (held.bytes - announced) // TOKEN_BYTES + scope.get(FAULTS, 0) // TOKEN_FAULTS)
            now = time.monotonic()
            if self._admission.shared(now):
                await asyncio.sleep(min(PAUSE * (now - started), LONGEST_PAUSE))

    def _charge(self, key: Key, tokens: int) -> None:
        """Have the owner pay for what turned out to be asked for."""
        if tokens:
            self._rate_limit.take(key.owner, time.monotonic(), tokens, needed=-math.inf)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, refusal: Response) -> None:
        await self._refusal_brake.slow(_address(scope))
        await refusal(scope, receive, send)

    def _refusal(
        self, scope: Scope, length: int | None, sent_key: str | None, encoding: bytes | None, most_bytes: int
    ) -> Response | None:
        scope["key"] = None
        if length is not None and length > most_bytes:
            return problems.problem(413, "Too large", f"the body has {length} bytes: {most_bytes} at most")
        if encoding and encoding not in ENCODINGS:
            detail = f"send the body as it is, or with Content-Encoding gzip or deflate (got {encoding.decode()!r})"
            headers = {"Accept-Encoding": "gzip, deflate"}
            return problems.problem(415, "Unsupported media type", detail, headers=headers)
        if self._key_ring is not None:
            try:
                key = scope["key"] = self._key_ring.find(sent_key) if sent_key else None
            except DeliveryTimeError as error:
                return problems.from_error(error)
            if refusal := _forbidden(key, scope["method"], scope["path"]) or self._too_fast(
                key, 1 + (length or 0) // TOKEN_BYTES
            ):
                return refusal
            KEY_ID.set(key.id if key else "")
        if (connection := scope["state"].get(CONNECTION)) and not connection.welcomed:
            connection.welcome()
        return None

    def _too_fast(self, key: Key | None, tokens: int) -> Response | None:
        wait = self._rate_limit.take(key.owner, time.monotonic(), tokens) if key else 0.0
        if not wait:
            return None
        headers = {"Retry-After": str(math.ceil(wait))}
        return problems.problem(
            429, "Too many requests", "the rate of this key's owner is used up: slow down", headers=headers
        )


def _own_assets_only(send: Send) -> Send:
    """`send` for pages: a browser loads nothing into them that does not come from here, where keys are typed."""

    async def send_with_policy(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), (b"content-security-policy", PAGE_POLICY)]
        await send(message)

    return send_with_policy


def _is_poll(scope: Scope) -> bool:
    """Whether a request may wait for the end of a job, however its query is written."""
    return bool(scope["query_string"]) and scope["method"] != "POST" and scope["path"].startswith(JOBS_PATH)


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
    if encoding and b"identity" in encoding:
        encoding = b", ".join(part for part in map(bytes.strip, encoding.split(b",")) if part != b"identity")
    return length, key, encoding


def _forbidden(key: Key | None, method: str, path: str) -> Response | None:
    if key is None:
        detail = "send a valid API key: `Authorization: Bearer dt_…` (`gateway keys create` makes one)"
        return problems.problem(401, "Unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})
    if method in keys.LOOKING and key.opens("read"):
        return None
    scope: keys.Scope = SCOPES.get(path) or ("jobs" if path.startswith(JOBS_PATH) else "predict")
    return None if key.opens(scope) else problems.lacking(key.name, scope)


def _problem(refused: Refused) -> Response:
    headers = {"Retry-After": "1"} if refused.status == 429 else {}
    return problems.problem(refused.status, refused.title, refused.detail, headers=headers)


def _address(scope: Scope) -> str:
    client = scope["client"]
    return client[0] if client else ""

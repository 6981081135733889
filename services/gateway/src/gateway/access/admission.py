"""What a request holds while it is in progress: a place, and the bytes of its body."""

import asyncio
import math
import time

from starlette.exceptions import HTTPException

from gateway.access.places import Places

FLOOR = 8
"""Requests of a key that have a place even when others have taken all."""

MOST_POLLS, POLLS_OF_ONE = 256, 32
"""Requests that wait for the end of a job, in all and of one key. They cost next to nothing, and last."""

BODIES, BODIES_OF_ONE, BODY_FLOOR = 48 * 2**20, 32 * 2**20, 2**20
"""Bytes of the bodies in progress, in all and of one key, and what each key may send even when all are taken."""

SHORT_BODY = 16 * 2**10
"""Bodies up to so many bytes are not counted: those of all places together are a few mebibytes."""

LONG_AT_ONCE = 2
"""Requests of a key with longer ones that are read and answered at once; the others wait, and their bodies on the wire.
Each blocks whoever comes after it for some milliseconds."""

LONG_BODIES = "too many long bodies are in progress: try again later"


class Refused(Exception):
    """No place is left: of this client's (429), or at all (503)."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail = status, title, detail


class Held:
    """The places of one request that is in progress."""

    __slots__ = ("_bodies", "_client", "_places", "bytes")

    def __init__(self, client: str, places: Places, bodies: Places) -> None:
        self._client = client
        self._places = places
        self._bodies = bodies
        self.bytes = 0

    def count(self, size: int) -> None:
        """Hold more bytes of the body; HTTPException where there is no room for them."""
        if not self._bodies.take(self._client, size):
            raise HTTPException(503, LONG_BODIES)
        self.bytes += size

    def leave(self) -> None:
        """The request has ended."""
        self._places.leave(self._client)
        if self.bytes:
            self._bodies.leave(self._client, self.bytes)


class Admission:
    """Who is let in besides those that are in. Clients are keys, by their ids; where none is asked for, all are one."""

    def __init__(self, most_requests: int, most_body_bytes: int, several_clients: bool) -> None:
        self._latest, self._changed = "", -math.inf
        self._turns: dict[str, asyncio.Semaphore] = {}
        if several_clients:
            self._requests = Places(most_requests, max(most_requests // 2, 1), min(FLOOR, most_requests))
        else:
            self._requests = Places(most_requests, most_requests)
        self._polls = Places(MOST_POLLS, POLLS_OF_ONE if several_clients else MOST_POLLS)
        self._bodies = Places(max(BODIES, most_body_bytes), max(BODIES_OF_ONE, most_body_bytes), BODY_FLOOR)

    def shared(self, now: float) -> bool:
        """Whether several clients have asked within the last second."""
        return now - self._changed < 1.0

    def turn(self, client: str) -> asyncio.Semaphore:
        """A client's turn for a request with a long body."""
        return self._turns.setdefault(client, asyncio.Semaphore(LONG_AT_ONCE))

    def admit(self, client: str, poll: bool, size: int) -> Held:
        """The places of a request with an announced body of `size` bytes, to be left when it ends; Refused."""
        if client != self._latest:
            self._latest, self._changed = client, time.monotonic()
        places = self._polls if poll else self._requests
        if not places.take(client):
            doing = "wait for jobs" if poll else "are in progress"
            if places.full(client):
                detail = f"many requests of this key {doing} already: wait for their answers"
                raise Refused(429, "Too many requests", detail)
            raise Refused(503, "Too busy", f"{places.taken} requests {doing} already: try again later")
        held = Held(client, places, self._bodies)
        if size > SHORT_BODY:
            if not self._bodies.take(client, size):
                held.leave()
                raise Refused(503, "Too busy", LONG_BODIES)
            held.bytes = size
        return held

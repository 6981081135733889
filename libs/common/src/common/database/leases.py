"""Leases: rows that a process works on, and how others learn that it died.

A row's `claim` says who has it, its `lease_expires_at` until when. The holder renews the lease three times in its
length; when the process dies, the lease runs out and another takes over.
"""

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from uuid import UUID

from sqlalchemy import Function, func
from sqlalchemy.exc import DBAPIError

log = logging.getLogger(__name__)


def from_now(seconds: float) -> "Function[object]":
    """SQL for the moment so many seconds from now, on the database's clock."""
    return func.now() + func.make_interval(0, 0, 0, 0, 0, 0, seconds)  # type: ignore[return-value]


class LeaseKeeper:
    """Renews the leases of what this process holds, in a thread of its own.

    renew: extends the leases of these claims, in a transaction of its own; a database that is away is tried again.
    """

    def __init__(self, renew: Callable[[Collection[UUID]], None], lease_seconds: float) -> None:
        self._renew = renew
        self._pause = lease_seconds / 3
        self._held: set[UUID] = set()
        self._lock = Lock()

    @contextmanager
    def kept(self, claim: UUID) -> Iterator[None]:
        """Renew this claim's lease while the block runs."""
        with self._lock:
            self._held.add(claim)
        try:
            yield
        finally:
            with self._lock:
                self._held.discard(claim)

    def run_until(self, ended: Event) -> None:
        """Renew what is held until `ended` is set, whatever happens: without it others would take the work over."""
        while not ended.wait(self._pause):
            with self._lock:
                claims = frozenset(self._held)
            try:
                if claims:
                    self._renew(claims)
            except DBAPIError as error:
                log.warning("leases were not renewed: %s", error.orig)
            except Exception:
                log.exception("leases were not renewed")

    @contextmanager
    def running(self) -> Iterator["LeaseKeeper"]:
        """The keeper with its thread, for the length of the block."""
        ended = Event()
        thread = Thread(target=self.run_until, args=(ended,), name="leases", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            ended.set()
            thread.join()

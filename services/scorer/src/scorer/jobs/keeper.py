"""Keeps the leases of what this process works on; when the process dies, they run out and others take over."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError

from common.batch.jobs import OPEN
from common.database.session import transaction
from common.database.tables import BatchChunk, BatchJob
from common.settings import load
from scorer.settings import ScorerSettings

_held: set[UUID] = set()
_lock = Lock()


@contextmanager
def kept(claim: UUID) -> Iterator[None]:
    """Renew this claim's lease while the block runs."""
    with _lock:
        _held.add(claim)
    try:
        yield
    finally:
        with _lock:
            _held.discard(claim)


def keep_leases(ended: Event) -> None:
    """Renew the leases of all held claims, three times a lease, until `ended` is set."""
    lease = load(ScorerSettings).lease_seconds
    while not ended.wait(lease / 3):
        with _lock:
            claims = list(_held)
        try:
            if claims:
                renew(claims, lease)
        except DBAPIError as error:
            logging.getLogger(__name__).warning("leases were not renewed: %s", error.orig)


def renew(claims: list[UUID], lease: float) -> None:
    """Extend the leases of these claims from now; a row that somebody is just writing is left to him."""
    values = {"lease_expires_at": func.now() + func.make_interval(0, 0, 0, 0, 0, 0, lease)}
    with transaction() as session:
        for table in (BatchChunk, BatchJob):
            held = select(table.claim).where(table.claim.in_(claims), table.status.in_(OPEN))
            idle = held.with_for_update(skip_locked=True).cte()
            session.execute(update(table).where(table.claim.in_(select(idle))).values(values))

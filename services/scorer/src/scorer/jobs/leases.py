"""Renews the leases of jobs and chunks that a worker holds."""

from collections.abc import Callable, Collection
from uuid import UUID

from sqlalchemy import select, update

from common.batch.conflicts import OPEN
from common.database.leases import from_now
from common.database.session import Database
from common.database.tables import BatchChunk, BatchJob


def renewal(database: Database, lease_seconds: float) -> Callable[[Collection[UUID]], None]:
    """What extends the leases of claims from now; a row that somebody is just writing is skipped."""

    def renew(claims: Collection[UUID]) -> None:
        with database.transaction() as session:
            for table in (BatchChunk, BatchJob):
                held = select(table.claim).where(table.claim.in_(claims), table.status.in_(OPEN))
                idle = held.with_for_update(skip_locked=True).cte()
                values = {"lease_expires_at": from_now(lease_seconds)}
                session.execute(update(table).where(table.claim.in_(select(idle))).values(values))

    return renew

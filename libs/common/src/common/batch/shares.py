"""How many jobs a key may have open: what it asks for beyond that would only stand in the way of others."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from common.batch.conflicts import OPEN
from common.database.tables import BatchJob
from common.errors import DeliveryTimeError
from common.settings import BatchSettings


class TooManyJobs(DeliveryTimeError):
    """A key has as many open jobs as it may have."""

    status = 429
    title = "Too many jobs"

    def __init__(self, what: str) -> None:
        super().__init__(f"this key {what}: wait until some have ended, or cancel them")


def refuse_too_many(session: Session, key_id: str, size: int, settings: BatchSettings) -> None:
    """TooManyJobs if the key's open jobs, with one more of `size` bytes, are more than it may have."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"open jobs of {key_id}"))))  # two at once are two
    left = func.coalesce(func.sum(BatchJob.bytes_total - BatchJob.bytes_done), 0)
    of_key = select(func.count(), left).where(BatchJob.key_id == key_id, BatchJob.status.in_(OPEN))
    jobs, waiting = session.execute(of_key).one()
    if jobs >= settings.open_jobs:
        raise TooManyJobs(f"has {jobs} open jobs, {settings.open_jobs} at most")
    if jobs and waiting + size > settings.open_bytes:
        raise TooManyJobs(f"has {waiting:,} bytes to be read, {settings.open_bytes:,} at most with those of this job")

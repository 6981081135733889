"""What a restore does to the jobs that had not ended, so that workers go on with them."""

from collections.abc import Mapping

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from common.batch.conflicts import OPEN
from common.batch.submission import PREDICTIONS
from common.database.tables import BatchChunk, BatchJob, BatchOutput

Etags = Mapping[str, tuple[str, str]]
"""By address: the ETags of objects that another store gave another one, before and now."""


def hand_over(session: Session, etags: Etags) -> None:
    """Let open jobs be taken by whoever comes first.

    Their parts of results were in uploads of the store that was; those that score are planned and scored again, with
    the same model version and delivery pace. Jobs of actuals go on behind the last row that was taken in.
    """
    is_open = BatchJob.status.in_(OPEN)
    anew = is_open & (BatchJob.kind == PREDICTIONS)
    for table in (BatchChunk, BatchOutput):
        session.execute(delete(table).where(table.job_id == BatchJob.id, anew))
    session.execute(update(BatchJob).where(is_open).values(claim=None, lease_expires_at=None))
    session.execute(update(BatchJob).where(anew).values(rows_done=0, rows_failed=0, bytes_done=0))
    for uri, (before, now) in etags.items():
        same = (BatchJob.input_uri == uri) & (BatchJob.input_etag == before)
        session.execute(update(BatchJob).where(is_open, same).values(input_etag=now))

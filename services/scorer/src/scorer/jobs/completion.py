"""Makes the output of a job appear, and the job succeed."""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from common.database.session import Database
from common.database.tables import BatchChunk, BatchJob, BatchOutput
from common.servers.objects import ObjectStore
from scorer.jobs.claims import remaining
from scorer.results.results import Results
from scorer.rows.outcome import ERRORS_KEPT


class Completion:
    """Completes jobs whose chunks are all done."""

    def __init__(self, database: Database, store: ObjectStore, results: Results) -> None:
        self._database = database
        self._store = store
        self._results = results

    def complete(self, job_id: UUID) -> bool:
        """Make the outputs appear and the job succeed, if it runs and all its chunks are done.

        The row stays locked meanwhile, so that a cancellation comes either before the outputs or not at all.
        UploadGone if somebody else aborted an upload, OutputNotOurs.
        """
        with self._database.transaction() as session:
            return self.complete_in(session, job_id)

    def complete_in(self, session: Session, job_id: UUID, body: bytes | None = None) -> bool:
        """The same in a transaction that is open. body: of an output that is written at once."""
        job = session.get(BatchJob, job_id, with_for_update=True)
        if job is None or job.status != "running" or remaining(session, job_id).unfinished:
            return False
        in_order = select(BatchChunk).where(BatchChunk.job_id == job_id).order_by(BatchChunk.number)
        chunks = session.scalars(in_order).all()
        if not chunks:
            return False
        written = select(BatchOutput).where(BatchOutput.job_id == job_id).order_by(BatchOutput.number)
        self._results.appear(job, chunks, session.scalars(written).all(), body)
        job.rows_total = job.rows_done = sum(chunk.rows for chunk in chunks)
        job.rows_failed = sum(chunk.rows_failed for chunk in chunks)
        job.errors = first_errors(chunks)
        job.bytes_done = job.bytes_total
        job.status, job.finished_at, job.lease_expires_at = "succeeded", func.now(), None
        session.execute(update(BatchOutput).where(BatchOutput.job_id == job_id).values(upload_id=None))
        return True


def first_errors(chunks: Sequence[BatchChunk]) -> list[dict[str, Any]]:
    """The job's first bad rows, counted from 1 in their input object; CSV rows with their line too."""
    errors: list[dict[str, Any]] = []
    several = len({chunk.source["key"] for chunk in chunks}) > 1
    rows, lines = Counter[str](), Counter[str]()
    for chunk in chunks:
        key = chunk.source["key"]
        lines[key] += chunk.source.get("lines_before", 0)
        for row, reason, line in chunk.errors:
            entry = {"row": rows[key] + row, "reason": reason}
            errors.append(entry | ({"line": lines[key] + line} if line else {}) | ({"object": key} if several else {}))
        if len(errors) >= ERRORS_KEPT:
            break
        rows[key] += chunk.rows
        lines[key] += chunk.lines
    return errors[:ERRORS_KEPT]

"""Who works on which chunk: claims with a lease, taken, kept and given back by compare-and-set in SQL.

Every statement that writes both a job and its chunks locks the job first.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from common.database.session import Database
from common.servers.objects import ObjectAddress
from scorer.jobs.source import Source
from scorer.rows.outcome import Outcome, RowError

CLAIM_CHUNK = text("""
    WITH free AS (
        SELECT c.job_id, c.number FROM batch_chunks c JOIN batch_jobs j ON j.id = c.job_id
        WHERE c.job_id = :job_id AND j.status = 'running' AND c.status <> 'succeeded'
          AND (c.lease_expires_at IS NULL OR c.lease_expires_at < now())
        ORDER BY c.number LIMIT 1 FOR UPDATE OF c SKIP LOCKED
    )
    UPDATE batch_chunks c SET status = 'running', claim = :claim, attempts = c.attempts + 1,
        lease_expires_at = now() + make_interval(secs => :lease)
    FROM free, batch_jobs j, batch_outputs o
    WHERE c.job_id = free.job_id AND c.number = free.number AND j.id = c.job_id
      AND o.job_id = c.job_id AND o.number = c.output
    RETURNING c.number, c.source, c.attempts, c.faults, c.fault, c.parts, c.rows, c.rows_failed, c.lines, c.errors,
        c.bytes, j.model_version, j.pace_digest, j.created_at, o.bucket, o.key, o.upload_id
""")

STORE_PROGRESS = text("""
    UPDATE batch_chunks SET status = :status, parts = :parts, rows = :rows, rows_failed = :rows_failed, lines = :lines,
        errors = :errors, fault = NULL, faults = 0, lease_expires_at = now() + make_interval(secs => :lease)
    WHERE job_id = :job_id AND number = :number AND claim = :claim AND status = 'running'
""").bindparams(bindparam("parts", type_=JSONB), bindparam("errors", type_=JSONB))

COUNT_PROGRESS = text("""
    UPDATE batch_jobs SET rows_done = rows_done + :rows, rows_failed = rows_failed + :rows_failed,
        bytes_done = bytes_done + :bytes, lease_expires_at = now() + make_interval(secs => :lease)
    WHERE id = :job_id
""")

GIVE_BACK = text("""
    UPDATE batch_chunks SET status = 'queued', claim = NULL, fault = :fault, faults = faults + :faults,
        attempts = attempts - :uncounted, lease_expires_at = now() + make_interval(secs => :wait)
    WHERE job_id = :job_id AND number = :number AND claim = :claim AND status = 'running'
""")

LOOK_AGAIN = text("""
    UPDATE batch_jobs SET lease_expires_at = now() + make_interval(secs => :wait)
    WHERE id = :job_id AND status IN ('queued', 'running')
""")

OPEN_CHUNKS = text("""
    SELECT count(*) FILTER (WHERE status <> 'succeeded'),
           count(*) FILTER (WHERE status <> 'succeeded' AND (lease_expires_at IS NULL OR lease_expires_at < now())),
           count(*)
    FROM batch_chunks WHERE job_id = :job_id AND EXISTS (
        SELECT FROM batch_jobs WHERE id = :job_id AND status = 'running'
    )
""")


@dataclass(frozen=True)
class ClaimedChunk:
    """A chunk that this worker holds, with all it needs to score it. `before` is what an earlier holder completed."""

    job_id: UUID
    number: int
    claim: UUID
    source: Source
    attempts: int
    faults: int
    fault: str | None
    before: Outcome
    bytes: int
    model_version: str
    pace_digest: str | None
    now: datetime
    output: ObjectAddress
    upload_id: str

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"chunk {self.number}"

    @property
    def survived(self) -> bool:
        """Whether the worker that held it before ended without a word."""
        return self.attempts > 1 and self.fault is None


class Added(NamedTuple):
    """What a step adds to its job: rows, bad rows among them, and bytes of the input."""

    rows: int
    rows_failed: int
    bytes: int


@dataclass(frozen=True)
class Remaining:
    """Chunks of a running job: not done yet, of these free to be claimed, and all."""

    unfinished: int
    free: int
    all: int


class Chunks:
    """The chunks of jobs, and who holds them."""

    def __init__(self, database: Database, lease_seconds: float) -> None:
        self._database = database
        self._lease = lease_seconds

    def claim(self, job_id: UUID) -> ClaimedChunk | None:
        """Take the first free chunk of a running job; None if there is none."""
        claim = uuid4()
        values = {"job_id": job_id, "claim": claim, "lease": self._lease}
        with self._database.transaction() as session:
            row = session.execute(CLAIM_CHUNK, values).one_or_none()
        if row is None:
            return None
        errors = [RowError(*error) for error in row.errors]
        return ClaimedChunk(
            job_id=job_id,
            number=row.number,
            claim=claim,
            source=Source(**row.source),
            attempts=row.attempts,
            faults=row.faults,
            fault=row.fault,
            before=Outcome(list(row.parts), row.rows, row.rows_failed, row.lines, errors),
            bytes=row.bytes,
            model_version=row.model_version,
            pace_digest=row.pace_digest,
            now=row.created_at,
            output=ObjectAddress(row.bucket, row.key),
            upload_id=row.upload_id,
        )

    def give_back(self, chunk: ClaimedChunk, wait: float, fault: str | None, counted: bool) -> None:
        """Let others have the chunk after `wait` seconds. An attempt that an outage ended is not `counted`."""
        with self._database.transaction() as session:
            session.execute(
                GIVE_BACK.bindparams(
                    wait=wait,
                    fault=fault,
                    faults=int(fault is not None),
                    uncounted=int(not counted),
                    job_id=chunk.job_id,
                    number=chunk.number,
                    claim=chunk.claim,
                )
            )
            look_again(session, chunk.job_id, wait)

    def store(self, session: Session, chunk: ClaimedChunk, outcome: Outcome, added: Added, done: bool) -> bool:
        """Write what has become of a chunk so far and add to its job, once. False: the claim is lost."""
        status = session.scalar(text("SELECT status FROM batch_jobs WHERE id = :id FOR UPDATE"), {"id": chunk.job_id})
        if status != "running":
            return False
        stored = session.execute(
            STORE_PROGRESS.bindparams(
                status="succeeded" if done else "running",
                parts=outcome.parts,
                rows=outcome.rows,
                rows_failed=outcome.rows_failed,
                lines=outcome.lines,
                errors=[list(error) for error in outcome.errors],
                lease=self._lease,
                job_id=chunk.job_id,
                number=chunk.number,
                claim=chunk.claim,
            )
        )
        if not stored.rowcount:  # type: ignore[attr-defined]
            return False
        session.execute(COUNT_PROGRESS.bindparams(**added._asdict(), lease=self._lease, job_id=chunk.job_id))
        return True

    def remaining(self, job_id: UUID) -> Remaining:
        """How many chunks of a job are left; none if it does not run."""
        with self._database.transaction() as session:
            return remaining(session, job_id)


def look_again(session: Session, job_id: UUID, wait: float) -> None:
    """Have the sweeper wake an open job in `wait` seconds."""
    session.execute(LOOK_AGAIN.bindparams(job_id=job_id, wait=wait))


def remaining(session: Session, job_id: UUID) -> Remaining:
    """How many chunks of a job are left; none if it does not run."""
    return Remaining(*session.execute(OPEN_CHUNKS.bindparams(job_id=job_id)).one())

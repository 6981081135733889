"""Batch jobs: what the gateway and the command line do with them.

job, created = jobs.submit("s3://bucket/orders.csv")
queue.wake(job.id)    # if it gets lost, the sweeper finds the row
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select, text, true, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from common.batch.conflicts import OPEN, refuse_others, refuse_taken
from common.batch.cursors import decoded, encoded
from common.batch.inputs import InputHead, check_head
from common.batch.outputs import result_of
from common.batch.reach import ANYWHERE, Reach
from common.batch.results import manifest_of, refuse_foreign, refuse_owned
from common.batch.shares import refuse_too_many
from common.batch.submission import ACTUALS, PREDICTIONS, Kind, Submission
from common.database.access.acts import record
from common.database.session import Database
from common.database.tables import BatchChunk, BatchJob, BatchOutput
from common.errors import (
    IdempotencyConflict,
    InvalidInput,
    JobNotFound,
    JobStateConflict,
    NotFound,
)
from common.model.answers.further import NOTHING, Further
from common.servers.objects import ObjectAddress, ObjectStore
from common.settings import BatchSettings

STATUSES = ("queued", "running", "succeeded", "failed", "cancelled")

NOBODY = ""
"""Owner of the jobs that were submitted without an API key: by the command line, or where no key is asked for."""

COMPLETING_MS = 10_000
"""How long a cancellation waits for a job that is just being completed."""


@dataclass(frozen=True)
class ResultFile:
    """An object of a result: its address, its rows, and where it can be read without keys for some time."""

    uri: str
    rows: int
    link: str


class BatchJobs:
    """The jobs of an installation. Every method is a transaction of its own; none is open while the store is asked."""

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        settings: BatchSettings,
        owner: str = NOBODY,
        sees_all: bool = True,
        key_id: str = "",
        reach: Reach = ANYWHERE,
    ) -> None:
        """owner, key_id: of new jobs. sees_all: whether those of others are there too. reach: of new jobs."""
        self._database = database
        self._store = store
        self._settings = settings
        self._owner = owner
        self._sees_all = sees_all
        self._key_id = key_id
        self._reach = reach
        self._visible = true() if sees_all else BatchJob.owner == owner

    def of(self, owner: str, sees_all: bool, key_id: str = "", reach: Reach = ANYWHERE) -> "BatchJobs":
        """The same jobs as an owner's key meets them: those of others are not found."""
        return BatchJobs(self._database, self._store, self._settings, owner, sees_all, key_id, reach)

    def submit(
        self,
        input_uri: str,
        output_uri: str | None = None,
        idempotency_key: str | None = None,
        overwrite: bool = False,
        kind: Kind = PREDICTIONS,
        further: Further = NOTHING,
    ) -> tuple[BatchJob, bool]:
        """The job of this body and whether it is new; a key that was used before gives the job it was used for.

        overwrite: replace whatever is where the result goes to, not only an earlier result of the owner.
        Checks what can be checked at once (see common.batch.inputs.check_head). Raises InvalidInput and its kinds,
        ObjectNotFound, IdempotencyConflict, OutputTaken, OutputNotOurs, OutOfReach, TooManyJobs,
        ObjectStoreUnavailable; then there is no row.
        """
        if kind == ACTUALS and (output_uri or further.columns):
            raise InvalidInput("a job of actuals writes no output: leave output_uri, on_time_shares and details out")
        wanted = self._store.address(output_uri) if output_uri else None
        submission = Submission(kind, self._store.address(input_uri), wanted, overwrite, idempotency_key, further)
        self._reach.check_input(submission.given)
        if wanted:
            self._reach.check_output(wanted, self._store.bucket)
        with self._database.transaction() as session:
            if known := self._known(session, submission):
                return known, False
            if not self._sees_all:
                refuse_others(session, self._owner, submission.given, wanted and self._result(uuid4(), submission))
        head = check_head(self._store, submission.given, self._settings, columns=kind == PREDICTIONS)
        if wanted:
            output = self._result(uuid4(), submission)
            if not overwrite:
                refuse_foreign(self._store, output, self._owner)
            elif not self._sees_all:
                refuse_owned(self._store, output, self._owner)
        with self._database.transaction() as session:
            return self._inserted(session, submission, head)

    def get(self, job_id: UUID) -> BatchJob:
        """One job; JobNotFound."""
        with self._database.transaction() as session:
            return self._get(session, job_id)

    def ended(self, job_ids: Iterable[UUID]) -> set[UUID]:
        """Which of these jobs have ended."""
        ended = select(BatchJob.id).where(BatchJob.id.in_(job_ids), BatchJob.status.not_in(OPEN))
        with self._database.transaction() as session:
            return set(session.scalars(ended))

    def list_page(
        self, status: str | None = None, limit: int = 20, cursor: str | None = None
    ) -> tuple[list[BatchJob], str | None]:
        """Up to `limit` jobs, newest first, and the cursor of the next page (None on the last)."""
        if status is not None and status not in STATUSES:
            raise InvalidInput(f"status must be one of {', '.join(STATUSES)} (got {status!r})")
        statement = (
            select(BatchJob)
            .where(self._visible)
            .order_by(BatchJob.created_at.desc(), BatchJob.id.desc())
            .limit(limit + 1)
        )
        if status is not None:
            statement = statement.where(BatchJob.status == status)
        if cursor is not None:
            statement = statement.where(tuple_(BatchJob.created_at, BatchJob.id) < tuple_(*decoded(cursor)))
        with self._database.transaction() as session:
            jobs = list(session.scalars(statement))
        page = jobs[:limit]
        return page, encoded(page[-1]) if len(jobs) > limit else None

    def cancel(self, job_id: UUID) -> BatchJob:
        """Cancel a job that has not ended; again is harmless. JobNotFound, JobStateConflict.

        Wake the job afterwards: a worker then removes what it had uploaded.
        """
        statement = (
            update(BatchJob)
            .where(BatchJob.id == job_id, BatchJob.status.in_(OPEN), self._visible)
            .values(status="cancelled", finished_at=text("now()"), claim=None)
        )
        with self._database.transaction() as session:
            session.execute(text(f"SET LOCAL lock_timeout = {COMPLETING_MS}"))
            try:
                session.execute(statement)
            except OperationalError as error:
                raise JobStateConflict(job_id, "being completed", "cancelled") from error
            job = self._get(session, job_id)
            if self._key_id and job.owner != self._owner:
                record(session, "job cancelled", self._key_id, str(job_id), f"of {job.owner or 'nobody'}")
        if job.status != "cancelled":
            raise JobStateConflict(job_id, job.status, "cancelled")
        return job

    def result_address(self, job_id: UUID) -> str:
        """A presigned address of the output; of a dataset, that of its manifest. JobNotFound, JobStateConflict."""
        job = self.get(job_id)
        if job.kind == ACTUALS:
            raise NotFound(f"batch job {job_id} took actuals in: it has no result, its row says what became of them")
        _succeeded(job)
        output = self._store.address(job.output_uri)
        return self._link(manifest_of(output) if output.is_prefix else output)

    def files(self, job_id: UUID, limit: int = 100, cursor: int = -1) -> tuple[list[ResultFile], int | None]:
        """Up to `limit` objects of a job's result, in the order of its input, after the one with number `cursor`.

        And the cursor of the next page (None on the last). JobNotFound, JobStateConflict.
        """
        rows = func.coalesce(func.sum(BatchChunk.rows), 0)
        chunks = (BatchChunk.job_id == BatchOutput.job_id) & (BatchChunk.output == BatchOutput.number)
        statement = (
            select(BatchOutput, rows)
            .outerjoin(BatchChunk, chunks)
            .where(BatchOutput.job_id == job_id, BatchOutput.number > cursor)
            .group_by(BatchOutput.job_id, BatchOutput.number)
            .order_by(BatchOutput.number)
            .limit(limit + 1)
        )
        with self._database.transaction() as session:
            _succeeded(self._get(session, job_id))
            outputs = session.execute(statement).all()
        page = [(ObjectAddress(output.bucket, output.key), count) for output, count in outputs[:limit]]
        listed = [ResultFile(str(address), count, self._link(address)) for address, count in page]
        return listed, outputs[limit - 1][0].number if len(outputs) > limit else None

    def _link(self, address: ObjectAddress) -> str:
        return self._store.presigned(address, self._settings.result_link_seconds)

    def _inserted(self, session: Session, submission: Submission, head: InputHead) -> tuple[BatchJob, bool]:
        job_id = uuid4()
        if submission.wanted:
            output = self._result(job_id, submission)
            session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"outputs in {output.bucket}"))))
            if known := self._known(session, submission):
                return known, False
            refuse_taken(session, output, self._visible)
        if self._key_id:
            refuse_too_many(session, self._key_id, head.size, self._settings)
        values = {
            **submission.as_stored,
            "id": job_id,
            "status": "queued",
            "input_uri": str(submission.given),
            "output_uri": self._output_uri(job_id, submission),
            "notes": head.notes,
            "input_etag": head.etag,
            "bytes_total": head.size,
            "idempotency_key": submission.idempotency_key,
            "owner": self._owner,
            "key_id": self._key_id,
        }
        statement = insert(BatchJob).values(values).on_conflict_do_nothing(index_elements=["owner", "idempotency_key"])
        inserted = session.execute(statement.returning(BatchJob.id)).scalar_one_or_none()
        if inserted is None and (known := self._known(session, submission)):
            return known, False
        return self._get(session, job_id), True

    def _known(self, session: Session, submission: Submission) -> BatchJob | None:
        """The job that the key was used for before; IdempotencyConflict if it was for another body.

        Two requests with one key at once: the second insert waits for the first's commit, then this finds its row.
        """
        key = submission.idempotency_key
        if key is None:
            return None
        mine = select(BatchJob).where(BatchJob.owner == self._owner, BatchJob.idempotency_key == key)
        job = session.scalars(mine).one_or_none()
        if job is None:
            return None
        output = self._output_uri(job.id, submission)
        asked = submission.as_stored | {"input_uri": str(submission.given), "output_uri": output}
        if any(getattr(job, name) != value for name, value in asked.items()):
            raise IdempotencyConflict(key, job.id)
        return job

    def _get(self, session: Session, job_id: UUID) -> BatchJob:
        job = session.scalars(select(BatchJob).where(BatchJob.id == job_id, self._visible)).one_or_none()
        if job is None:
            raise JobNotFound(job_id)
        return job

    def _output_uri(self, job_id: UUID, submission: Submission) -> str:
        return "" if submission.kind == ACTUALS else str(self._result(job_id, submission))

    def _result(self, job_id: UUID, submission: Submission) -> ObjectAddress:
        return result_of(job_id, submission.given, submission.wanted, self._store.bucket)


def as_body(job: BatchJob) -> dict[str, Any]:
    """The job as the HTTP contract shows it."""
    share = job.bytes_done / job.bytes_total if job.bytes_total else 0.0
    moments = {name: getattr(job, name) for name in ("created_at", "started_at", "finished_at")}
    return {
        "id": str(job.id),
        "kind": job.kind,
        "status": job.status,
        "input_uri": job.input_uri,
        "output_uri": job.output_uri or None,
        "rows_total": job.rows_total,
        "rows_done": job.rows_done,
        "rows_failed": job.rows_failed,
        "progress": 1.0 if job.status == "succeeded" else round(min(share, 1.0), 4),
        "errors": job.errors,
        "error": job.error,
        "notes": job.notes,
        "model_version": job.model_version,
        "pace_day": job.pace_day.isoformat() if job.pace_day else None,
        "attempts": job.attempts,
        **{name: moment.isoformat() if moment else None for name, moment in moments.items()},
        "on_time_shares": job.on_time_shares,
        "details": job.details,
    }


def _succeeded(job: BatchJob) -> None:
    if job.status != "succeeded":
        raise JobStateConflict(job.id, job.status, "read: its result appears when it has succeeded")

"""Batch jobs: what the gateway and the command line do with them. The transaction belongs to the caller.

with transaction() as session:
    job, created = jobs.submit(session, "s3://bucket/orders.csv")
wake(job.id)    # after the commit; if it gets lost, the sweeper finds the row
"""

import base64
import binascii
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from common.batch.inputs import check_head, is_dataset
from common.database.tables import BatchJob
from common.errors import IdempotencyConflict, InvalidInput, JobNotFound, JobStateConflict, OutputTaken
from common.servers.objects import ObjectAddress, presigned_address
from common.settings import BatchSettings, ObjectStoreSettings, load

STATUSES = ("queued", "running", "succeeded", "failed", "cancelled")
OPEN = ("queued", "running")
MANIFEST = "manifest.json"
SUCCESS = "_SUCCESS"
RESULTS = "results/"
"""Where results go that nobody asked elsewhere: RESULTS, the job's id, a name."""

NOT_CSV = ("/", ".gz", ".parquet")
"""Endings that would say something else of the one CSV object that a CSV file's result is."""

COMPLETING_MS = 10_000
"""How long a cancellation waits for a job that is just being completed."""


def submit(
    session: Session, input_uri: str, output_uri: str | None = None, idempotency_key: str | None = None
) -> tuple[BatchJob, bool]:
    """The job of this body and whether it is new; a key that was used before gives the job it was used for.

    Checks what can be checked at once (see common.batch.inputs.check_head). Raises InvalidInput and its kinds,
    ObjectNotFound, IdempotencyConflict, OutputTaken, ObjectStoreUnavailable; then there is no row.
    """
    if known := _by_key(session, idempotency_key):
        return _same_body(known, input_uri, output_uri), False
    head = check_head(ObjectAddress.parse(input_uri))
    job_id = uuid4()
    output = str(_output(job_id, input_uri, output_uri))
    if known := _holding(session, output, idempotency_key):
        return _same_body(known, input_uri, output_uri), False
    values = {
        "id": job_id,
        "status": "queued",
        "input_uri": input_uri,
        "output_uri": output,
        "input_etag": head.etag,
        "bytes_total": head.size,
        "idempotency_key": idempotency_key,
    }
    statement = insert(BatchJob).values(values).on_conflict_do_nothing(index_elements=["idempotency_key"])
    inserted = session.execute(statement.returning(BatchJob.id)).scalar_one_or_none()
    if inserted is None and (known := _by_key(session, idempotency_key)):
        return _same_body(known, input_uri, output_uri), False
    return get(session, job_id), True


def get(session: Session, job_id: UUID) -> BatchJob:
    """One job; JobNotFound."""
    job = session.get(BatchJob, job_id)
    if job is None:
        raise JobNotFound(job_id)
    return job


def list_page(
    session: Session, status: str | None = None, limit: int = 20, cursor: str | None = None
) -> tuple[list[BatchJob], str | None]:
    """Up to `limit` jobs, newest first, and the cursor of the next page (None on the last)."""
    if status is not None and status not in STATUSES:
        raise InvalidInput(f"status must be one of {', '.join(STATUSES)} (got {status!r})")
    statement = select(BatchJob).order_by(BatchJob.created_at.desc(), BatchJob.id.desc()).limit(limit + 1)
    if status is not None:
        statement = statement.where(BatchJob.status == status)
    if cursor is not None:
        statement = statement.where(tuple_(BatchJob.created_at, BatchJob.id) < tuple_(*_decoded(cursor)))
    found = list(session.scalars(statement))
    page = found[:limit]
    return page, _encoded(page[-1]) if len(found) > limit else None


def cancel(session: Session, job_id: UUID) -> BatchJob:
    """Cancel a job that has not ended; again is harmless. JobNotFound, JobStateConflict.

    Wake the job after the commit: a worker then removes what it had uploaded.
    """
    session.execute(text(f"SET LOCAL lock_timeout = {COMPLETING_MS}"))
    statement = (
        update(BatchJob)
        .where(BatchJob.id == job_id, BatchJob.status.in_(OPEN))
        .values(status="cancelled", finished_at=text("now()"), claim=None)
    )
    try:
        session.execute(statement)
    except OperationalError as error:
        raise JobStateConflict(job_id, "being completed", "cancelled") from error
    job = get(session, job_id)
    if job.status != "cancelled":
        raise JobStateConflict(job_id, job.status, "cancelled")
    return job


def result_address(job: BatchJob) -> str:
    """A presigned address of the output; of a dataset, that of its manifest. JobStateConflict until it succeeded."""
    if job.status != "succeeded":
        raise JobStateConflict(job.id, job.status, "read: its result appears when it has succeeded")
    output = ObjectAddress.parse(job.output_uri)
    key = output.key + MANIFEST if output.key.endswith("/") else output.key
    return presigned_address(ObjectAddress(output.bucket, key), load(BatchSettings).result_link_seconds)


def as_body(job: BatchJob) -> dict[str, Any]:
    """The job as the HTTP contract shows it."""
    share = job.bytes_done / job.bytes_total if job.bytes_total else 0.0
    return {
        "id": str(job.id),
        "status": job.status,
        "input_uri": job.input_uri,
        "output_uri": job.output_uri,
        "rows_total": job.rows_total,
        "rows_done": job.rows_done,
        "rows_failed": job.rows_failed,
        "progress": 1.0 if job.status == "succeeded" else round(min(share, 1.0), 4),
        "errors": job.errors,
        "error": job.error,
        "model_version": job.model_version,
        "pace_day": job.pace_day.isoformat() if job.pace_day else None,
        "attempts": job.attempts,
        **{name: _iso(getattr(job, name)) for name in ("created_at", "started_at", "finished_at")},
    }


def _output(job_id: UUID, input_uri: str, output_uri: str | None) -> ObjectAddress:
    """Where the result goes: as asked, else beside nobody's in the batch bucket; a dataset ends in a slash."""
    if output_uri is None:
        name = input_uri.rstrip("/").rpartition("/")[2].removesuffix(".gz")
        output_uri = f"s3://{load(ObjectStoreSettings).bucket}/{RESULTS}{job_id}/{name}"
    if is_dataset(input_uri):
        output_uri = output_uri.removesuffix("/") + "/"
    elif output_uri.endswith(NOT_CSV):
        raise InvalidInput(f"output_uri must name a plain CSV object for {input_uri} (got {output_uri})")
    inside = output_uri.startswith(input_uri) if input_uri.endswith("/") else output_uri == input_uri
    if inside:
        raise InvalidInput(f"output_uri must lie outside the input (got {output_uri} for {input_uri})")
    return ObjectAddress.parse(output_uri)


def _by_key(session: Session, key: str | None) -> BatchJob | None:
    """Two requests with one key at once: the second insert waits for the first's commit, then this finds its row."""
    return session.scalars(select(BatchJob).where(BatchJob.idempotency_key == key)).one_or_none() if key else None


def _holding(session: Session, output_uri: str, key: str | None) -> BatchJob | None:
    """Have the output for this transaction; the key's job if it came meanwhile, OutputTaken if another writes there."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext(output_uri))))
    if known := _by_key(session, key):
        return known
    writing = select(BatchJob).where(BatchJob.output_uri == output_uri, BatchJob.status.in_(OPEN)).limit(1)
    if other := session.scalars(writing).one_or_none():
        raise OutputTaken(output_uri, other.id, other.status)
    return None


def _same_body(job: BatchJob, input_uri: str, output_uri: str | None) -> BatchJob:
    if job.input_uri != input_uri or job.output_uri != str(_output(job.id, input_uri, output_uri)):
        raise IdempotencyConflict(str(job.idempotency_key), job.id)
    return job


def _encoded(job: BatchJob) -> str:
    return base64.urlsafe_b64encode(f"{job.created_at.isoformat()} {job.id}".encode()).decode()


def _decoded(cursor: str) -> tuple[datetime, UUID]:
    try:
        moment, _, job_id = base64.urlsafe_b64decode(cursor.encode()).decode().partition(" ")
        return datetime.fromisoformat(moment), UUID(job_id)
    except (binascii.Error, ValueError) as error:
        raise InvalidInput(f"cursor must be a next_cursor of an earlier answer (got {cursor!r})") from error


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None

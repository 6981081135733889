"""A job's way from queued to its end. Every step may be repeated, come twice, or be taken up by another worker.

queued ── plan ──▸ running ── chunks ──▸ complete ──▸ succeeded
   └──────────── fail, cancel ─────────────┘
"""

import json
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, func, insert, select, update

from common.batch.jobs import MANIFEST, OPEN, RESULTS, SUCCESS
from common.database.session import transaction
from common.database.tables import BatchChunk, BatchJob, BatchOutput
from common.servers.objects import ObjectAddress
from common.settings import load
from scorer.jobs import models, store
from scorer.jobs.claims import Remaining, look_again, remaining
from scorer.jobs.patience import wait_seconds
from scorer.jobs.planning import Plan, plan
from scorer.rows.outcome import ERRORS_KEPT
from scorer.settings import ScorerSettings

UNPLANNED = ~select(BatchChunk).where(BatchChunk.job_id == BatchJob.id).exists()

CLAIM_PLANNING = (
    update(BatchJob)
    .where(BatchJob.status.in_(OPEN), UNPLANNED, (BatchJob.claim.is_(None)) | (BatchJob.lease_expires_at < func.now()))
    .returning(BatchJob)
)

log = logging.getLogger(__name__)


def claim_planning(job_id: UUID) -> BatchJob | None:
    """Take a job that has no plan yet, with a fresh claim; None if it needs none or another worker is at it."""
    lease = func.make_interval(0, 0, 0, 0, 0, 0, load(ScorerSettings).lease_seconds)
    values = {"claim": uuid4(), "attempts": BatchJob.attempts + 1, "lease_expires_at": func.now() + lease}
    with transaction() as session:
        return session.scalars(CLAIM_PLANNING.where(BatchJob.id == job_id).values(values)).one_or_none()


def plan_job(job: BatchJob) -> None:
    """Cut a claimed job's input and begin its outputs. Raises what planning, registry and store raise."""
    chosen = models.chosen_for(job)
    planned = plan(job)
    if job.attempts > 1 or job.faults:
        _abort_strays(job, planned.outputs)
    begin = [] if planned.at_once else planned.outputs
    uploads = store.side_by_side(lambda output: store.create_upload(output, job.id), begin) or [""]
    with transaction() as session:
        lease = func.make_interval(0, 0, 0, 0, 0, 0, load(ScorerSettings).lease_seconds)
        kept = session.execute(
            update(BatchJob)
            .where(BatchJob.id == job.id, BatchJob.claim == job.claim, BatchJob.status.in_(OPEN))
            .values(
                status="running",
                claim=None,
                faults=0,
                error=None,
                model_version=chosen.version,
                pace_day=chosen.pace_day,
                pace_digest=chosen.pace_digest,
                bytes_total=sum(chunk.bytes for chunk in planned.chunks),
                started_at=func.coalesce(BatchJob.started_at, func.now()),
                lease_expires_at=func.now() + lease,
            )
            .returning(BatchJob.id)
        ).one_or_none()
        if kept:
            session.execute(insert(BatchOutput), _output_rows(job.id, planned, uploads))
            session.execute(insert(BatchChunk), _chunk_rows(job.id, planned))
    if not kept:
        _abort(zip(planned.outputs, uploads, strict=True))


def give_back_planning(job: BatchJob, wait: float, fault: str, counted: bool) -> None:
    """Let others plan the job after `wait` seconds. An attempt that an outage ended is not `counted`."""
    with transaction() as session:
        session.execute(
            update(BatchJob)
            .where(BatchJob.id == job.id, BatchJob.claim == job.claim)
            .values(claim=None, error=fault, faults=BatchJob.faults + 1, attempts=BatchJob.attempts - int(not counted))
        )
        look_again(session, job.id, wait)


def cut_anew(job_id: UUID) -> None:
    """Throw a plan away whose cuts fell inside records; the next one reads the whole input to cut it."""
    with transaction() as session:
        job = session.get(BatchJob, job_id, with_for_update=True)
        if job is None or job.status != "running" or job.scan:
            return
        outputs = _outputs(session.scalars(select(BatchOutput).where(BatchOutput.job_id == job_id)).all())
        session.execute(delete(BatchChunk).where(BatchChunk.job_id == job_id))
        session.execute(delete(BatchOutput).where(BatchOutput.job_id == job_id))
        job.scan, job.claim = True, None
        job.rows_done = job.rows_failed = job.bytes_done = 0
    _abort(outputs)


def left(job_id: UUID) -> Remaining:
    """Which chunks remain."""
    with transaction() as session:
        return remaining(session, job_id)


def complete(job_id: UUID) -> bool:
    """Make the outputs appear and the job succeed, if it runs and all its chunks are done.

    The row stays locked meanwhile, so that a cancellation comes either before the outputs or not at all.
    UploadGone if somebody else aborted an upload.
    """
    with transaction() as session:
        job = session.get(BatchJob, job_id, with_for_update=True)
        if job is None or job.status != "running" or remaining(session, job_id).unfinished:
            return False
        chunks = session.scalars(
            select(BatchChunk).where(BatchChunk.job_id == job_id).order_by(BatchChunk.number)
        ).all()
        if not chunks:
            return False
        outputs = session.scalars(select(BatchOutput).where(BatchOutput.job_id == job_id)).all()
        parts: dict[int, list[dict[str, object]]] = {output.number: [] for output in outputs}
        for chunk in chunks:
            parts[chunk.output] += chunk.parts
        store.side_by_side(
            lambda output: store.complete_upload(
                ObjectAddress(output.bucket, output.key), output.upload_id or "", parts[output.number], job_id
            ),
            [output for output in outputs if output.upload_id],
        )
        _write_manifest(job, chunks, outputs)
        job.rows_total = job.rows_done = sum(chunk.rows for chunk in chunks)
        job.rows_failed = sum(chunk.rows_failed for chunk in chunks)
        job.errors = _first_errors(chunks)
        job.bytes_done = job.bytes_total
        job.status, job.finished_at, job.lease_expires_at = "succeeded", func.now(), None
        session.execute(update(BatchOutput).where(BatchOutput.job_id == job_id).values(upload_id=None))
    return True


def postpone(job_id: UUID, first_wait: float) -> int:
    """Have the sweeper wake a job whose outputs could not be completed, after a growing wait; how often it was so."""
    with transaction() as session:
        job = session.get_one(BatchJob, job_id, with_for_update=True)
        job.faults += 1
        look_again(session, job_id, wait_seconds(first_wait, job.faults))
        return job.faults


def fail(job_id: UUID, reason: str) -> None:
    """End a job as failed, if it has not ended, and remove what it had uploaded."""
    with transaction() as session:
        session.execute(
            update(BatchJob)
            .where(BatchJob.id == job_id, BatchJob.status.in_(OPEN))
            .values(status="failed", error=reason, finished_at=func.now(), claim=None, lease_expires_at=None)
        )
    log.warning("job failed: %s", reason)
    clean(job_id)


def clean(job_id: UUID) -> None:
    """Remove every upload and output of a job that failed or was cancelled; harmless for any other."""
    with transaction() as session:
        job = session.get(BatchJob, job_id)
        if job is None or job.status not in ("failed", "cancelled"):
            return
        written = _outputs(session.scalars(select(BatchOutput).where(BatchOutput.job_id == job_id)).all())
    _abort(written)
    target = ObjectAddress.parse(job.output_uri)
    marks = [ObjectAddress(target.bucket, target.key + name) for name in (SUCCESS, MANIFEST)]
    of_dataset = marks if target.key.endswith("/") else []
    store.side_by_side(
        lambda output: store.delete_own(output, job_id), [*(output for output, _ in written), *of_dataset]
    )
    _abort_strays(job, [output for output, _ in written])
    with transaction() as session:
        session.execute(update(BatchOutput).where(BatchOutput.job_id == job_id).values(upload_id=None))


def _outputs(rows: Sequence[BatchOutput]) -> list[tuple[ObjectAddress, str]]:
    return [(ObjectAddress(row.bucket, row.key), row.upload_id) for row in rows if row.upload_id is not None]


def _abort(uploads: Iterable[tuple[ObjectAddress, str]]) -> None:
    store.side_by_side(lambda upload: store.abort_upload(*upload), [upload for upload in uploads if upload[1]])


def _abort_strays(job: BatchJob, outputs: list[ObjectAddress]) -> None:
    """Abort uploads of the job's outputs that no open job knows: their planner died, or lost the store, half-way.

    All in the job's own folder are its own; under a prefix that the user chose, somebody else may be writing too.
    """
    target = ObjectAddress.parse(job.output_uri)
    keys = {target.key, *(output.key for output in outputs)}
    with transaction() as session:
        in_use = select(BatchOutput.upload_id).join(BatchJob).where(BatchJob.status.in_(OPEN))
        spared = frozenset(upload for upload in session.scalars(in_use) if upload)
    store.abort_uploads(target, lambda key: key in keys or key.startswith(f"{RESULTS}{job.id}/"), spared)


def _output_rows(job_id: UUID, planned: Plan, uploads: list[str]) -> list[dict[str, Any]]:
    return [
        {"job_id": job_id, "number": number, "bucket": output.bucket, "key": output.key, "upload_id": upload_id}
        for number, (output, upload_id) in enumerate(zip(planned.outputs, uploads, strict=True))
    ]


def _chunk_rows(job_id: UUID, planned: Plan) -> list[dict[str, Any]]:
    return [
        {
            "job_id": job_id,
            "number": number,
            "source": chunk.source.as_row(),
            "output": chunk.output,
            "bytes": chunk.bytes,
        }
        for number, chunk in enumerate(planned.chunks)
    ]


def _write_manifest(job: BatchJob, chunks: Sequence[BatchChunk], outputs: Sequence[BatchOutput]) -> None:
    """For a dataset: what it consists of, and the mark that it is whole."""
    target = ObjectAddress.parse(job.output_uri)
    if not target.key.endswith("/"):
        return
    rows = Counter[int]()
    for chunk in chunks:
        rows[chunk.output] += chunk.rows
    listed = [
        {"uri": str(ObjectAddress(output.bucket, output.key)), "rows": rows[output.number]}
        for output in sorted(outputs, key=lambda output: output.number)
    ]
    manifest = {"job_id": str(job.id), "model_version": job.model_version, "rows": rows.total(), "objects": listed}
    body = json.dumps(manifest, indent=1).encode()
    store.put(ObjectAddress(target.bucket, target.key + MANIFEST), body, job.id)
    store.put(ObjectAddress(target.bucket, target.key + SUCCESS), b"", job.id)


def _first_errors(chunks: Sequence[BatchChunk]) -> list[dict[str, Any]]:
    """The job's first bad rows, counted from 1 in their input object; CSV rows with their line too."""
    errors: list[dict[str, Any]] = []
    several = len({chunk.source["key"] for chunk in chunks}) > 1
    rows, lines = Counter[str](), Counter[str]()
    for chunk in chunks:
        key = chunk.source["key"]
        lines[key] += (chunk.source["header"] or "").count("\n")
        for row, reason, line in chunk.errors:
            entry = {"row": rows[key] + row, "reason": reason}
            errors.append(entry | ({"line": lines[key] + line} if line else {}) | ({"object": key} if several else {}))
        if len(errors) >= ERRORS_KEPT:
            break
        rows[key] += chunk.rows
        lines[key] += chunk.lines
    return errors[:ERRORS_KEPT]

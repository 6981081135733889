"""Makes the output of a job appear, and the job succeed."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from common.batch.outputs import MANIFEST, SUCCESS
from common.database.session import Database
from common.database.tables import BatchChunk, BatchJob, BatchOutput
from common.servers.objects import ObjectAddress, ObjectStore
from scorer.jobs.claims import remaining
from scorer.jobs.outputs import Outputs, side_by_side
from scorer.rows.outcome import ERRORS_KEPT


class Completion:
    """Completes jobs whose chunks are all done."""

    def __init__(self, database: Database, store: ObjectStore, outputs: Outputs) -> None:
        self._database = database
        self._store = store
        self._outputs = outputs

    def complete(self, job_id: UUID) -> bool:
        """Make the outputs appear and the job succeed, if it runs and all its chunks are done.

        The row stays locked meanwhile, so that a cancellation comes either before the outputs or not at all.
        UploadGone if somebody else aborted an upload.
        """
        with self._database.transaction() as session:
            job = session.get(BatchJob, job_id, with_for_update=True)
            if job is None or job.status != "running" or remaining(session, job_id).unfinished:
                return False
            chunks = session.scalars(
                select(BatchChunk).where(BatchChunk.job_id == job_id).order_by(BatchChunk.number)
            ).all()
            if not chunks:
                return False
            outputs = session.scalars(select(BatchOutput).where(BatchOutput.job_id == job_id)).all()
            self._complete_uploads(job_id, chunks, outputs)
            self._write_manifest(job, chunks, outputs)
            job.rows_total = job.rows_done = sum(chunk.rows for chunk in chunks)
            job.rows_failed = sum(chunk.rows_failed for chunk in chunks)
            job.errors = _first_errors(chunks)
            job.bytes_done = job.bytes_total
            job.status, job.finished_at, job.lease_expires_at = "succeeded", func.now(), None
            session.execute(update(BatchOutput).where(BatchOutput.job_id == job_id).values(upload_id=None))
        return True

    def _complete_uploads(self, job_id: UUID, chunks: Sequence[BatchChunk], outputs: Sequence[BatchOutput]) -> None:
        parts: dict[int, list[dict[str, Any]]] = {output.number: [] for output in outputs}
        for chunk in chunks:
            parts[chunk.output] += chunk.parts

        def complete(output: BatchOutput) -> None:
            address = ObjectAddress(output.bucket, output.key)
            self._outputs.complete(address, output.upload_id or "", parts[output.number], job_id)

        side_by_side(complete, [output for output in outputs if output.upload_id])

    def _write_manifest(self, job: BatchJob, chunks: Sequence[BatchChunk], outputs: Sequence[BatchOutput]) -> None:
        """For a dataset: what it consists of, and the mark that it is whole."""
        target = self._store.address(job.output_uri)
        if not target.is_prefix:
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
        self._outputs.put(ObjectAddress(target.bucket, target.key + MANIFEST), body, job.id)
        self._outputs.put(ObjectAddress(target.bucket, target.key + SUCCESS), b"", job.id)


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

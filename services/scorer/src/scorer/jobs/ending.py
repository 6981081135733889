"""How a job ends other than with success: its row says why, and nothing that it uploaded is left behind."""

import logging
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import func, select, update

from common.batch.conflicts import OPEN
from common.batch.outputs import RESULTS
from common.batch.results import manifest_of, success_of
from common.database.session import Database
from common.database.tables import BatchJob, BatchOutput
from common.servers.objects import ObjectAddress, ObjectStore
from scorer.jobs.claims import look_again
from scorer.jobs.outages import wait_seconds
from scorer.results.outputs import Outputs

log = logging.getLogger(__name__)


class Ending:
    """Fails jobs, and cleans up after those that failed or were cancelled."""

    def __init__(self, database: Database, store: ObjectStore, outputs: Outputs) -> None:
        self._database = database
        self._store = store
        self._outputs = outputs

    def fail(self, job_id: UUID, reason: str) -> None:
        """End a job as failed, if it has not ended, and remove what it had uploaded."""
        with self._database.transaction() as session:
            session.execute(
                update(BatchJob)
                .where(BatchJob.id == job_id, BatchJob.status.in_(OPEN))
                .values(status="failed", error=reason, finished_at=func.now(), claim=None, lease_expires_at=None)
            )
        log.warning("job failed: %s", reason)
        self.clean(job_id)

    def postpone(self, job_id: UUID, first_wait: float) -> int:
        """Have the sweeper wake a job whose output could not be completed, after a growing wait; the count of waits."""
        with self._database.transaction() as session:
            job = session.get_one(BatchJob, job_id, with_for_update=True)
            job.faults += 1
            look_again(session, job_id, wait_seconds(first_wait, job.faults))
            return job.faults

    def clean(self, job_id: UUID) -> None:
        """Remove every upload and output of a job that failed or was cancelled; harmless for any other."""
        with self._database.transaction() as session:
            job = session.get(BatchJob, job_id)
            if job is None or job.status not in ("failed", "cancelled"):
                return
            rows = session.scalars(select(BatchOutput).where(BatchOutput.job_id == job_id)).all()
        written = [ObjectAddress(row.bucket, row.key) for row in rows if row.upload_id is not None]
        self._outputs.abort(begun(rows))
        target = self._store.address(job.output_uri)
        marks = [success_of(target), manifest_of(target)]
        self._outputs.delete_own([*written, *(marks if target.is_prefix else [])], job_id)
        self.abort_strays(job, written)
        with self._database.transaction() as session:
            session.execute(update(BatchOutput).where(BatchOutput.job_id == job_id).values(upload_id=None))

    def abort_strays(self, job: BatchJob, outputs: Iterable[ObjectAddress]) -> None:
        """Abort uploads of the job's outputs that no open job knows: their planner died, or lost the store, half-way.

        All in the job's own folder are its own; under a prefix that the user chose, somebody else may be writing too.
        """
        target = self._store.address(job.output_uri)
        keys = {target.key, *(output.key for output in outputs)}
        with self._database.transaction() as session:
            in_use = select(BatchOutput.upload_id).join(BatchJob).where(BatchJob.status.in_(OPEN))
            spared = frozenset(upload for upload in session.scalars(in_use) if upload)
        own = f"{RESULTS}{job.id}/"
        self._outputs.abort_under(target, lambda key: key in keys or key.startswith(own), spared)


def begun(rows: Iterable[BatchOutput]) -> list[tuple[ObjectAddress, str]]:
    """The uploads that these outputs have begun."""
    return [(ObjectAddress(row.bucket, row.key), row.upload_id) for row in rows if row.upload_id]

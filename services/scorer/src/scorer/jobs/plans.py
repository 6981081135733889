"""Plans of jobs: claimed, made, stored, and thrown away where their cuts prove wrong."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from common.batch.conflicts import OPEN
from common.batch.results import marks
from common.batch.submission import PREDICTIONS
from common.database.leases import from_now
from common.database.session import Database
from common.database.tables import BatchChunk, BatchJob, BatchOutput
from common.servers.objects import ObjectAddress
from scorer.jobs.claims import look_again
from scorer.jobs.ending import Ending, begun
from scorer.jobs.planning import Plan, Planner
from scorer.model.job_models import Chosen, Models
from scorer.results.outputs import Outputs

UNPLANNED = ~select(BatchChunk).where(BatchChunk.job_id == BatchJob.id).exists()

CLAIM_PLANNING = (
    update(BatchJob)
    .where(BatchJob.kind == PREDICTIONS, BatchJob.status.in_(OPEN), UNPLANNED)
    .where((BatchJob.claim.is_(None)) | (BatchJob.lease_expires_at < func.now()))
    .returning(BatchJob)
)


@dataclass(frozen=True)
class ClaimedPlanning:
    """A job that this worker plans."""

    job: BatchJob
    claim: UUID
    name: str = "planning"

    @property
    def job_id(self) -> UUID:
        """The job's id."""
        return self.job.id

    @property
    def attempts(self) -> int:
        """How often it was claimed."""
        return self.job.attempts

    @property
    def faults(self) -> int:
        """Outages that planning has met."""
        return self.job.faults

    @property
    def fault(self) -> str | None:
        """The last one."""
        return self.job.error


class Plans:
    """Plans jobs."""

    def __init__(
        self,
        database: Database,
        planner: Planner,
        models: Models,
        outputs: Outputs,
        ending: Ending,
        lease_seconds: float,
    ) -> None:
        self._database = database
        self._planner = planner
        self._models = models
        self._outputs = outputs
        self._ending = ending
        self._lease = lease_seconds

    def claim(self, job_id: UUID) -> ClaimedPlanning | None:
        """Take a job that has no plan yet; None if it needs none or another worker is at it."""
        claim = uuid4()
        values = {"claim": claim, "attempts": BatchJob.attempts + 1, "lease_expires_at": from_now(self._lease)}
        with self._database.transaction() as session:
            job = session.scalars(CLAIM_PLANNING.where(BatchJob.id == job_id).values(values)).one_or_none()
        return ClaimedPlanning(job, claim) if job else None

    def give_back(self, work: ClaimedPlanning, wait: float, fault: str | None, counted: bool) -> None:
        """Let others plan the job after `wait` seconds. An attempt that an outage ended is not `counted`."""
        values = {"claim": None, "error": fault, "faults": BatchJob.faults + 1}
        with self._database.transaction() as session:
            session.execute(
                update(BatchJob)
                .where(BatchJob.id == work.job_id, BatchJob.claim == work.claim)
                .values(values | {"attempts": BatchJob.attempts - int(not counted)})
            )
            look_again(session, work.job_id, wait)

    def make(self, work: ClaimedPlanning) -> None:
        """Cut a claimed job's input and begin its outputs. Raises what planning, registry and store raise."""
        job = work.job
        chosen = self._models.chosen_for(job)
        plan = self._planner.plan(job)
        if job.attempts > 1 or job.faults:
            self._ending.abort_strays(job, plan.outputs)
        uploads = [""] if plan.at_once else self._outputs.begin(plan.outputs, marks(job.id, job.owner))
        with self._database.transaction() as session:
            kept = self._store(session, work, plan, chosen, uploads)
        if not kept:
            self._outputs.abort((output, id_) for output, id_ in zip(plan.outputs, uploads, strict=True) if id_)

    def cut_anew(self, job_id: UUID) -> None:
        """Throw a plan away whose cuts fell inside records; the next one reads the whole input to cut it."""
        with self._database.transaction() as session:
            job = session.get(BatchJob, job_id, with_for_update=True)
            if job is None or job.status != "running" or job.scan:
                return
            job.scan = True
            uploads = self._thrown_away(session, job)
        self._outputs.abort(uploads)

    def begin_anew(self, job_id: UUID, reason: str) -> None:
        """Throw a plan away whose uploads are not all there: what had appeared is taken back, and all scored again."""
        with self._database.transaction() as session:
            job = session.get(BatchJob, job_id, with_for_update=True)
            if job is None or job.status != "running":
                return
            job.error = reason
            uploads = self._thrown_away(session, job)
        self._outputs.abort(uploads)
        self._outputs.delete_own((output for output, _ in uploads), job_id)

    def _thrown_away(self, session: Session, job: BatchJob) -> list[tuple[ObjectAddress, str]]:
        """Forget the plan of a job; the uploads that it had begun."""
        uploads = begun(session.scalars(select(BatchOutput).where(BatchOutput.job_id == job.id)))
        session.execute(delete(BatchChunk).where(BatchChunk.job_id == job.id))
        session.execute(delete(BatchOutput).where(BatchOutput.job_id == job.id))
        job.claim, job.rows_done, job.rows_failed, job.bytes_done = None, 0, 0, 0
        return uploads

    def _store(
        self, session: Session, work: ClaimedPlanning, plan: Plan, chosen: Chosen, uploads: list[str]
    ) -> UUID | None:
        """Write the plan; None if the claim is lost."""
        kept = session.execute(
            update(BatchJob)
            .where(BatchJob.id == work.job_id, BatchJob.claim == work.claim, BatchJob.status.in_(OPEN))
            .values(
                status="running",
                claim=None,
                faults=0,
                error=None,
                model_version=chosen.version,
                pace_day=chosen.pace_day,
                pace_digest=chosen.pace_digest,
                bytes_total=sum(chunk.bytes for chunk in plan.chunks),
                started_at=func.coalesce(BatchJob.started_at, func.now()),
                lease_expires_at=from_now(self._lease),
            )
            .returning(BatchJob.id)
        ).scalar_one_or_none()
        if kept:
            session.execute(insert(BatchOutput), _output_rows(work.job_id, plan, uploads))
            session.execute(insert(BatchChunk), _chunk_rows(work.job_id, plan))
        return kept


def _output_rows(job_id: UUID, plan: Plan, uploads: list[str]) -> list[dict[str, Any]]:
    return [
        {"job_id": job_id, "number": number, "bucket": output.bucket, "key": output.key, "upload_id": upload_id}
        for number, (output, upload_id) in enumerate(zip(plan.outputs, uploads, strict=True))
    ]


def _chunk_rows(job_id: UUID, plan: Plan) -> list[dict[str, Any]]:
    return [
        {
            "job_id": job_id,
            "number": number,
            "source": chunk.source.as_row(),
            "output": chunk.output,
            "bytes": chunk.bytes,
        }
        for number, chunk in enumerate(plan.chunks)
    ]

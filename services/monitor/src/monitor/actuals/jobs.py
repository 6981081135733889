"""Batch jobs of actuals: taken from the table, worked on beside the tasks, one at a time by each monitor.

The words of a batch and the job's progress are one transaction, so a job whose worker died goes on behind it.
"""

import logging
import threading
from collections.abc import Collection
from contextlib import closing
from itertools import islice
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, func, select, update

from common.batch.conflicts import OPEN
from common.batch.inputs import read_input
from common.batch.submission import ACTUALS
from common.database import actuals
from common.database.leases import LeaseKeeper, from_now
from common.database.session import Database
from common.database.tables import BatchJob
from common.errors import DeliveryTimeError, InputReplaced, InvalidInput, Unavailable
from common.servers.objects import ObjectStore
from common.settings import BatchSettings
from monitor.actuals.files import Batch, batches, stored_rows
from monitor.actuals.rows import Row

PAUSE_SECONDS = 1.0
LEASE_SECONDS = 30.0
ATTEMPTS = 8
LONGEST_WAIT_SECONDS = 300.0
ERRORS_KEPT = 20

logger = logging.getLogger(__name__)


class ActualsJobs:
    """Works on jobs of actuals until stopped."""

    def __init__(self, database: Database, store: ObjectStore, limits: BatchSettings) -> None:
        self._database = database
        self._store = store
        self._limits = limits
        self._stop = threading.Event()
        self._leases = LeaseKeeper(self._renew, LEASE_SECONDS)

    def run(self) -> None:
        """Work until stopped, whatever happens."""
        with self._leases.running():
            while not self._stop.wait(PAUSE_SECONDS):
                try:
                    while not self._stop.is_set() and self.work():
                        pass
                except Exception:
                    logger.exception("jobs of actuals wait")

    def stop(self) -> None:
        """Return from `run` after the batch in hand; another worker goes on behind it."""
        self._stop.set()

    def work(self) -> bool:
        """Do the oldest job that waits; False if there is none."""
        job = self._claim()
        if job is None:
            return False
        try:
            if job.attempts > ATTEMPTS:
                raise InvalidInput(f"its worker died {ATTEMPTS} times (killed, or out of memory)")
            with self._leases.kept(_claim_of(job)):
                if self._take_in(job):
                    self._end(job, "succeeded", None)
        except Unavailable as error:
            self._try_again(job, error)
        except DeliveryTimeError as error:
            self._end(job, "failed", str(error))
        return True

    def _take_in(self, job: BatchJob) -> bool:
        """Take the input in from where the job stands; False if it was cancelled, or is left to another worker."""
        objects = read_input(self._store, self._store.address(job.input_uri), self._limits).objects
        if job.input_etag not in (None, objects[0].etag):
            raise InputReplaced(job.input_uri)
        known, size = job.rows_done, 0
        for part in objects:
            with closing(stored_rows(self._store, part)) as rows:
                known -= sum(1 for _ in islice(rows, known))
                for batch in batches(rows):
                    key = part.address.key if len(objects) > 1 else None
                    if not self._save(job, batch, size + round(batch.share * part.size), key):
                        return False
                    if self._stop.is_set():
                        return self._leave(job, error=None, wait=0, counted=0)
            size += part.size
        return True

    def _save(self, job: BatchJob, batch: Batch, size: int, key: str | None) -> bool:
        """Write a batch's words and how far the job has come; False if it is no longer this worker's."""
        with self._database.transaction() as session:
            row = session.scalars(select(BatchJob).where(_held(job)).with_for_update()).one_or_none()
            if row is None:
                return False
            actuals.store(session, batch.reports, actuals.Speaker(row.owner, row.key_id, overrules=not row.owner))
            row.rows_done += batch.rows
            row.rows_failed += len(batch.refused)
            row.bytes_done = size
            row.errors = [*row.errors, *(_error(refused, key) for refused in batch.refused)][:ERRORS_KEPT]
        return True

    def _try_again(self, job: BatchJob, error: Unavailable) -> None:
        if job.attempts >= ATTEMPTS:
            self._end(job, "failed", f"{error} ({ATTEMPTS} attempts)")
            return
        logger.warning("job %s of actuals waits: %s", job.id, error)
        self._leave(job, str(error), min(2.0**job.attempts, LONGEST_WAIT_SECONDS), counted=1)

    def _leave(self, job: BatchJob, error: str | None, wait: float, counted: int) -> bool:
        """Leave the job to whoever comes in `wait` seconds."""
        values = {"error": error, "claim": None, "lease_expires_at": from_now(wait)}
        with self._database.transaction() as session:
            attempts = BatchJob.attempts - 1 + counted
            session.execute(update(BatchJob).where(_held(job)).values(values | {"attempts": attempts}))
        return False

    def _end(self, job: BatchJob, status: str, error: str | None) -> None:
        values: dict[str, Any] = {"status": status, "error": error, "finished_at": func.now(), "lease_expires_at": None}
        if status == "succeeded":
            values |= {"rows_total": BatchJob.rows_done, "bytes_done": BatchJob.bytes_total}
        with self._database.transaction() as session:
            session.execute(update(BatchJob).where(_held(job)).values(values))

    def _renew(self, claims: Collection[UUID]) -> None:
        with self._database.transaction() as session:
            held = (BatchJob.status == "running") & BatchJob.claim.in_(claims)
            session.execute(update(BatchJob).where(held).values(lease_expires_at=from_now(LEASE_SECONDS)))

    def _claim(self) -> BatchJob | None:
        """The oldest job that nobody holds."""
        free = (BatchJob.lease_expires_at.is_(None)) | (BatchJob.lease_expires_at < func.now())
        oldest = (
            select(BatchJob.id)
            .where(BatchJob.kind == ACTUALS, BatchJob.status.in_(OPEN), free)
            .order_by(BatchJob.created_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        values = {
            "status": "running",
            "claim": uuid4(),
            "attempts": BatchJob.attempts + 1,
            "started_at": func.coalesce(BatchJob.started_at, func.now()),
            "lease_expires_at": from_now(LEASE_SECONDS),
        }
        with self._database.transaction() as session:
            taken = update(BatchJob).where(BatchJob.id == oldest.scalar_subquery()).values(values)
            return session.scalars(taken.returning(BatchJob)).one_or_none()


def _claim_of(job: BatchJob) -> UUID:
    assert job.claim is not None  # noqa: S101 (claimed above)
    return job.claim


def _held(job: BatchJob) -> ColumnElement[bool]:
    return (BatchJob.id == job.id) & (BatchJob.claim == job.claim) & (BatchJob.status == "running")


def _error(row: Row, key: str | None) -> dict[str, Any]:
    """As `GET /batch-jobs/{id}` shows it."""
    return {
        "row": row.number,
        "reason": row.problem,
        **({"line": row.line} if row.line else {}),
        **({"object": key} if key else {}),
    }

"""Finds what was forgotten: jobs whose wake-up or worker was lost, leftovers of ended jobs, old jobs.

Every worker sweeps; an advisory lock lets one at a time do it.
"""

import logging
from datetime import UTC, datetime, timedelta
from threading import Event
from uuid import UUID

import redis
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from common.batch.outputs import RESULTS
from common.database.session import Database
from common.errors import DeliveryTimeError, first_line
from common.servers.objects import ObjectAddress, ObjectStore
from common.servers.queue import SCORING, Queue
from scorer.jobs.ending import Ending
from scorer.model import pace_snapshots
from scorer.settings import ScorerSettings

AT_ONCE = 1_000
IMPATIENCE_SECONDS = 60
"""While tasks wait in the queue, a forgotten-looking job may just be waiting its turn: look at it after this long."""

ORPHAN_AGE = timedelta(days=1)
SNAPSHOT_AGE = timedelta(days=1)
TIDY_SECONDS = 600.0

FORGOTTEN = text("""
    UPDATE batch_jobs SET lease_expires_at = now() + make_interval(secs => :pause)
    WHERE pg_try_advisory_xact_lock(5021) AND id IN (
        SELECT id FROM batch_jobs
        WHERE kind = 'predictions' AND status IN ('queued', 'running')
          AND coalesce(lease_expires_at, created_at + make_interval(secs => :pause))
              < now() - make_interval(secs => :patience)
        ORDER BY created_at LIMIT :at_once FOR UPDATE SKIP LOCKED
    ) RETURNING id
""")

LEFTOVERS = text("""
    SELECT DISTINCT o.job_id FROM batch_outputs o JOIN batch_jobs j ON j.id = o.job_id
    WHERE o.upload_id IS NOT NULL AND j.status IN ('failed', 'cancelled') LIMIT :at_once
""")

OLD = text("DELETE FROM batch_jobs WHERE finished_at < now() - make_interval(secs => :age)")
IN_USE = text("SELECT 1 FROM batch_outputs WHERE upload_id = :upload_id")

log = logging.getLogger(__name__)


class Sweeper:
    """Wakes forgotten jobs and tidies up."""

    def __init__(
        self, database: Database, store: ObjectStore, queue: Queue, ending: Ending, settings: ScorerSettings
    ) -> None:
        self._database = database
        self._store = store
        self._queue = queue
        self._ending = ending
        self._settings = settings

    def run_until(self, ended: Event) -> None:
        """Sweep every SCORER_SWEEP_SECONDS, and tidy up now and then, until `ended` is set, whatever happens."""
        pause = self._settings.sweep_seconds
        until_tidy = 0.0
        while not ended.wait(pause):
            until_tidy -= pause
            try:
                self.sweep()
                if until_tidy <= 0:
                    self.tidy()
                    until_tidy = TIDY_SECONDS
            except (redis.RedisError, DBAPIError, DeliveryTimeError) as error:
                log.warning("sweeping has to wait: %s", first_line(error))
            except Exception:
                log.exception("sweeping has to wait")

    def sweep(self) -> list[UUID]:
        """Wake every forgotten job and clean up after ended ones; the jobs woken."""
        values = {
            "pause": max(self._settings.sweep_seconds, self._settings.first_wait_seconds),
            "patience": IMPATIENCE_SECONDS if self._queue.waiting(SCORING) else 0,
            "at_once": AT_ONCE,
        }
        with self._database.transaction() as session:
            forgotten = list(session.scalars(FORGOTTEN, values))
        for job_id in forgotten:
            self._queue.wake(job_id)
        with self._database.transaction() as session:
            leftovers = list(session.scalars(LEFTOVERS, {"at_once": AT_ONCE}))
        for job_id in leftovers:
            self._ending.clean(job_id)
        return forgotten

    def tidy(self) -> None:
        """Forget jobs that ended long ago and the paces that none refers to, and abort uploads that no job knows."""
        age = timedelta(days=self._settings.keep_days).total_seconds()
        with self._database.transaction() as session:
            session.execute(OLD, {"age": age})
            pace_snapshots.forget(session, SNAPSHOT_AGE.total_seconds())
        self.abort_orphans(datetime.now(UTC) - ORPHAN_AGE)

    def abort_orphans(self, before: datetime) -> None:
        """Abort uploads of job outputs begun before then that no job knows: their planner died half-way."""
        for upload in self._store.unfinished_uploads(ObjectAddress(self._store.bucket, RESULTS)):
            if upload.begun < before and not self._in_use(upload.upload_id):
                self._store.abort_upload(upload.address, upload.upload_id)

    def _in_use(self, upload_id: str) -> bool:
        with self._database.transaction() as session:
            return session.scalar(IN_USE, {"upload_id": upload_id}) is not None

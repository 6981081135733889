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

from common.batch.jobs import RESULTS
from common.database.session import transaction
from common.errors import DeliveryTimeError
from common.servers.objects import ObjectAddress
from common.servers.queue import SCORING, wake
from common.settings import ObjectStoreSettings, QueueSettings, load
from scorer.jobs import lifecycle, pace_snapshots
from scorer.jobs.store import abort_upload, unfinished
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
        WHERE status IN ('queued', 'running')
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


def sweep_until(ended: Event) -> None:
    """Sweep every SCORER_SWEEP_SECONDS, and tidy up now and then, until `ended` is set."""
    pause = load(ScorerSettings).sweep_seconds
    until_tidy = 0.0
    while not ended.wait(pause):
        until_tidy -= pause
        try:
            sweep()
            if until_tidy <= 0:
                tidy()
                until_tidy = TIDY_SECONDS
        except (redis.RedisError, DBAPIError, DeliveryTimeError) as error:
            log.warning("sweeping has to wait: %s", str(error).splitlines()[0])


def sweep() -> list[UUID]:
    """Wake every forgotten job and clean up after ended ones; the jobs woken."""
    settings = load(ScorerSettings)
    waiting = queue_length()
    values = {
        "pause": max(settings.sweep_seconds, settings.first_wait_seconds),
        "patience": IMPATIENCE_SECONDS if waiting else 0,
        "at_once": AT_ONCE,
    }
    with transaction() as session:
        forgotten = list(session.scalars(FORGOTTEN, values))
    for job_id in forgotten:
        wake(job_id)
    with transaction() as session:
        leftovers = list(session.scalars(LEFTOVERS, {"at_once": AT_ONCE}))
    for job_id in leftovers:
        lifecycle.clean(job_id)
    return forgotten


def tidy() -> None:
    """Forget jobs that ended long ago and the paces that none refers to, and abort uploads that no job knows."""
    age = timedelta(days=load(ScorerSettings).keep_days).total_seconds()
    with transaction() as session:
        session.execute(OLD, {"age": age})
        pace_snapshots.forget(session, SNAPSHOT_AGE.total_seconds())
    abort_orphans(datetime.now(UTC) - ORPHAN_AGE)


def abort_orphans(before: datetime) -> None:
    """Abort uploads of job outputs begun before then that no job knows: a planner died between store and database."""
    bucket = load(ObjectStoreSettings).bucket
    for upload in unfinished(ObjectAddress(bucket, RESULTS)):
        if upload["Initiated"] < before and not _in_use(upload["UploadId"]):
            abort_upload(ObjectAddress(bucket, upload["Key"]), upload["UploadId"])


def queue_length() -> int:
    """Tasks that wait in the scoring queue, of every priority."""
    with redis.Redis.from_url(
        load(QueueSettings).url.get_secret_value(), socket_timeout=3, socket_connect_timeout=3
    ) as client:
        keys = client.keys(f"{SCORING}*")
        return sum(client.llen(key) for key in keys if client.type(key) == b"list")


def _in_use(upload_id: str) -> bool:
    with transaction() as session:
        return session.scalar(IN_USE, {"upload_id": upload_id}) is not None

"""The Celery worker: two tasks, and two threads that keep leases and sweep."""

import logging
from collections.abc import Callable
from threading import Event, Thread
from uuid import UUID

from celery import Celery, signals
from sqlalchemy.exc import DBAPIError

from common.errors import DeliveryTimeError
from common.servers.queue import RUN_JOB, SCORE_CHUNK, SCORING, celery_app
from common.worker.run import run_worker
from scorer.jobs import keeper, sweeping, tasks
from scorer.jobs.work import stopping

log = logging.getLogger(__name__)


def run(threads: int) -> None:
    """Work on the scoring queue until told to end (SIGTERM: finish or hand back what is in work, then end)."""
    app = scoring_app()
    ended = Event()
    signals.worker_shutting_down.connect(_on_shutdown, weak=False)
    background: list[Callable[[Event], None]] = [keeper.keep_leases, sweeping.sweep_until]
    running = [Thread(target=target, args=(ended,), daemon=True) for target in background]
    for thread in running:
        thread.start()
    try:
        run_worker(app, SCORING, threads, "threads", ["--without-gossip", "--without-mingle", "--loglevel=WARNING"])
    finally:
        ended.set()
        for thread in running:
            thread.join(timeout=5)


def scoring_app() -> Celery:
    """The Celery app with the scorer's tasks."""
    app = celery_app("scorer")

    def run_job(job_id: str) -> None:
        _attempt(tasks.run_job, job_id)

    def score_chunk(job_id: str) -> None:
        _attempt(tasks.score_chunk, job_id)

    app.task(run_job, name=RUN_JOB)
    app.task(score_chunk, name=SCORE_CHUNK)
    return app


def _attempt(task: Callable[[UUID], None], job_id: str) -> None:
    """Do the task; what an outage stops here, the sweeper starts again."""
    try:
        task(UUID(job_id))
    except (DBAPIError, DeliveryTimeError) as error:
        log.warning("job %s waits for the sweeper: %s", job_id, str(error).splitlines()[0])


def _on_shutdown(**_: object) -> None:
    stopping.set()

"""The Celery worker: two tasks, and two threads that keep leases and sweep."""

import logging
from collections.abc import Callable
from threading import Event, Thread
from uuid import UUID

from celery import Celery, signals
from sqlalchemy.exc import DBAPIError

from common.errors import DeliveryTimeError, first_line
from common.servers.queue import RUN_JOB, SCORE_CHUNK, SCORING
from common.worker.run import run_worker
from scorer.wiring import Scorer

ENDING_SECONDS = 5.0
"""How long the threads are waited for at the end."""

OPTIONS = ("--without-gossip", "--without-mingle", "--loglevel=WARNING")

log = logging.getLogger(__name__)


def run(scorer: Scorer, threads: int) -> None:
    """Work on the scoring queue until told to end (SIGTERM: what is in progress is finished or handed back)."""
    ended = Event()
    signals.worker_shutting_down.connect(lambda **_: scorer.stopping.set(), weak=False)
    running = [
        Thread(target=target, args=(ended,), daemon=True)
        for target in (scorer.leases.run_until, scorer.sweeper.run_until)
    ]
    for thread in running:
        thread.start()
    try:
        run_worker(scoring_app(scorer), SCORING, threads, "threads", OPTIONS)
    finally:
        ended.set()
        for thread in running:
            thread.join(ENDING_SECONDS)


def scoring_app(scorer: Scorer) -> Celery:
    """The Celery app with the scorer's tasks."""
    app = scorer.client.queue.app("scorer")

    def run_job(job_id: str) -> None:
        _attempt(scorer.tasks.run_job, job_id)

    def score_chunk(job_id: str) -> None:
        _attempt(scorer.tasks.score_chunk, job_id)

    app.task(run_job, name=RUN_JOB)
    app.task(score_chunk, name=SCORE_CHUNK)
    return app


def _attempt(task: Callable[[UUID], None], job_id: str) -> None:
    """Do the task; what an outage stops here, the sweeper starts again."""
    try:
        task(UUID(job_id))
    except (DBAPIError, DeliveryTimeError) as error:
        log.warning("job %s waits for the sweeper: %s", job_id, first_line(error))

"""The Celery app, its queues and task names. JSON only; a task takes ids, never data.

The Postgres row is the truth, the queue only wakes workers: a task may come twice, late, or be replaced by the sweeper.
Celery comes with the first app: a process that wakes nobody yet starts without it.
"""

import logging
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING
from uuid import UUID

from common.settings import QueueSettings, load

if TYPE_CHECKING:
    from celery import Celery

SCORING = "scoring"
TRAINING = "training"
MONITORING = "monitoring"

RUN_JOB = "scorer.run_job"
"""Takes a job id: plan the job if that is due, keep its chunks in work, complete it when all are done."""

SCORE_CHUNK = "scorer.score_chunk"
"""Takes a job id: score one chunk of that job, whichever is free."""

URGENT, PATIENT = 0, 6
"""Priorities of the Redis transport (0 goes first): planning and small jobs before the chunks of large ones."""
RETRAIN = "trainer.retrain"
"""Takes the id of a row of `retrainings`: prepare, search, register; writes status, model_version and outcome there."""

VISIBILITY_SECONDS = 600
"""A task that no worker acknowledged for this long is delivered again; longer than the longest task."""

log = logging.getLogger(__name__)


class Queue:
    """The queue as one process uses it: it wakes workers. Connects with the first message."""

    def __init__(self, settings: QueueSettings) -> None:
        self._url = settings.url

    def app(self, service: str) -> "Celery":
        """A Celery app of one service; its broker is the queue, results are not kept."""
        from celery import Celery

        app = Celery(service, broker=self._url.get_secret_value())
        app.conf.update(
            task_serializer="json",
            accept_content=["json"],
            task_ignore_result=True,
            task_acks_late=True,
            task_reject_on_worker_lost=True,
            worker_prefetch_multiplier=1,
            broker_connection_retry_on_startup=True,
            broker_transport="common.servers.queue_transport:Transport",
            broker_transport_options={
                "visibility_timeout": VISIBILITY_SECONDS,
                "socket_connect_timeout": 3,
                "socket_keepalive": True,
                "queue_order_strategy": "priority",
            },
            worker_hijack_root_logger=False,
            worker_soft_shutdown_timeout=25,
            task_routes={"scorer.*": SCORING, "trainer.*": TRAINING, "monitor.*": MONITORING},
            timezone="UTC",
        )
        return app

    def wake(self, job_id: UUID, headers: Mapping[str, str] | None = None) -> bool:
        """Tell the workers of a job, after its row is committed. False if the queue is away: the sweeper finds it.

        headers: the message's own, e.g. the trace that the job belongs to.
        """
        return self.send(RUN_JOB, job_id, URGENT, headers)

    def send(self, task: str, job_id: UUID, priority: int, headers: Mapping[str, str] | None = None) -> bool:
        """Enqueue a scorer task once; False, and a line in the log, if the queue does not take it."""
        from kombu.exceptions import OperationalError

        try:
            self._sender.send_task(task, args=[str(job_id)], priority=priority, headers=headers, retry=False)
        except (OperationalError, OSError) as error:
            log.warning("the queue did not take %s for job %s: %s", task, job_id, error)
            return False
        return True

    def waiting(self, queue: str) -> int:
        """Tasks that wait in a queue, of every priority; redis.RedisError if it is away."""
        from redis import Redis

        with Redis.from_url(self._url.get_secret_value(), socket_timeout=3, socket_connect_timeout=3) as client:
            keys = client.keys(f"{queue}*")
            return sum(client.llen(key) for key in keys if client.type(key) == b"list")

    @cached_property
    def _sender(self) -> "Celery":
        return self.app("sender")


def celery_app(service: str) -> "Celery":
    """Deprecated: take a `Queue` from the service's wiring."""
    return Queue(load(QueueSettings)).app(service)


def wake(job_id: UUID, headers: Mapping[str, str] | None = None) -> bool:
    """Deprecated: take a `Queue` from the service's wiring."""
    return _sender().wake(job_id, headers)


def send(task: str, job_id: UUID, priority: int, headers: Mapping[str, str] | None = None) -> bool:
    """Deprecated: take a `Queue` from the service's wiring."""
    return _sender().send(task, job_id, priority, headers)


@lru_cache
def _sender() -> Queue:
    return Queue(load(QueueSettings))

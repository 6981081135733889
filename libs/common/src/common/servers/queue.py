"""The Celery app, its queues and task names. JSON only; a task takes ids, never data.

The Postgres row is the truth, the queue only wakes workers: a task may come twice, late, or be replaced by the sweeper.
Celery comes with the first app: a process that wakes nobody yet starts without it.
"""

import logging
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

from common.settings import QueueSettings

if TYPE_CHECKING:
    from celery import Celery
    from redis import Redis
    from redis.asyncio import Redis as AsyncRedis

SCORING = "scoring"
TRAINING = "training"
MONITORING = "monitoring"

RUN_JOB = "scorer.run_job"
"""Takes a job id: plan the job if that is due, keep its chunks in progress, complete it when all are done."""

SCORE_CHUNK = "scorer.score_chunk"
"""Takes a job id: score one chunk of that job, whichever is free."""

URGENT, PATIENT = 0, 6
"""Priorities of the Redis transport (0 goes first): planning and small jobs before the chunks of large ones."""

RETRAIN = "trainer.retrain"
"""Takes the id of a row of `retrainings`: prepare, search, register; writes status, model_version and outcome there."""

VISIBILITY_SECONDS = 600
"""A task that no worker acknowledged for this long is delivered again; longer than the longest task."""

PATIENCE_SECONDS = 3.0
"""A connection or an answer that takes longer counts as none."""

log = logging.getLogger(__name__)


class Queue:
    """The queue as one process uses it: it wakes workers. Connects with the first message."""

    def __init__(self, settings: QueueSettings) -> None:
        self._url = settings.url

    def app(self, service: str) -> "Celery":
        """A Celery app of one service; its broker is the queue, results are not kept."""
        from celery import Celery

        app = Celery(service, broker=self._broker)
        app.conf.update(
            task_serializer="json",
            accept_content=["json"],
            task_ignore_result=True,
            task_acks_late=True,
            task_reject_on_worker_lost=True,
            worker_prefetch_multiplier=1,
            broker_use_ssl=self._tls,
            broker_connection_retry_on_startup=True,
            broker_connection_max_retries=None,  # for ever: a worker outlives every state that a queue can be in
            broker_channel_error_retry=True,  # read-only, loading, out of memory, snapshots failing
            broker_transport="common.servers.queue_transport:Transport",
            broker_transport_options={
                "visibility_timeout": VISIBILITY_SECONDS,
                "socket_connect_timeout": PATIENCE_SECONDS,
                "socket_keepalive": True,
                "queue_order_strategy": "priority",
            },
            worker_hijack_root_logger=False,
            worker_soft_shutdown_timeout=25,
            task_routes={"scorer.*": SCORING, "trainer.*": TRAINING, "monitor.*": MONITORING},
            timezone="UTC",
        )
        return app

    def client(self, connect_seconds: float = PATIENCE_SECONDS, answer_seconds: float = PATIENCE_SECONDS) -> "Redis":
        """A client of the queue's server; with TLS, its certificate checked, if the address begins with rediss://."""
        from redis import Redis

        return Redis.from_url(self._address, socket_connect_timeout=connect_seconds, socket_timeout=answer_seconds)

    def async_client(
        self, connect_seconds: float = PATIENCE_SECONDS, answer_seconds: float = PATIENCE_SECONDS
    ) -> "AsyncRedis":
        """The same for an event loop."""
        from redis.asyncio import Redis

        return Redis.from_url(self._address, socket_connect_timeout=connect_seconds, socket_timeout=answer_seconds)

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
        with self.client() as client:
            keys = client.keys(f"{queue}*")
            return sum(client.llen(key) for key in keys if client.type(key) == b"list")

    @property
    def _address(self) -> str:
        return self._url.get_secret_value()

    @property
    def _broker(self) -> str:
        """The address without its options, which kombu reads in a way of its own."""
        return urlsplit(self._address)._replace(query="").geturl()

    @property
    def _tls(self) -> dict[str, Any] | None:
        """What redis-py reads from the same address, so that both check the server's certificate alike."""
        if urlsplit(self._address).scheme != "rediss":
            return None
        from redis.connection import parse_url

        options = parse_url(self._address)  # type: ignore[no-untyped-call]
        return {"ssl_cert_reqs": "required"} | {name: options[name] for name in options if name.startswith("ssl_")}

    @cached_property
    def _sender(self) -> "Celery":
        """An app that tries once: a queue that refuses, is away, or takes connections and says nothing, keeps nobody
        waiting."""
        app = self.app("sender")
        app.conf.broker_transport_options |= {"max_retries": 0, "socket_timeout": PATIENCE_SECONDS}
        return app

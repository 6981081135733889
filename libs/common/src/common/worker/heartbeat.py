"""A worker shows that it lives by a file that it keeps writing, and stops writing when it no longer hears its queue.

Liveness without the queue: while the queue is away, every worker lives. A worker is deaf if the queue works and the
worker still takes no message from it: its loop is stuck, its consumer is gone, or its connection is half open.
"""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from redis import Redis, RedisError

from common.worker.health import BEAT_SECONDS, LISTENING, WAITING

NO_LIST = "worker-health"
HEARD_SECONDS = 5.0
"""A free consumer asks the queue once a second, and a loop turns every few seconds."""

log = logging.getLogger(__name__)


class Heartbeat:
    """Writes the file every few seconds, from a thread of its own; `listens` and `queue_works` are asked each time."""

    def __init__(
        self, file: Path, deaf_seconds: float, listens: Callable[[], bool], queue_works: Callable[[], bool]
    ) -> None:
        self._file = file
        self._deaf_seconds = deaf_seconds
        self._listens = listens
        self._queue_works = queue_works
        self._deaf_since: float | None = None

    def start(self) -> None:
        threading.Thread(target=self._run, name="heartbeat", daemon=True).start()

    def write(self, state: str = WAITING) -> None:
        """Show life. Before the first message, too: a worker may start while the queue is away."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(state)

    def beat(self, now: float) -> None:
        """Write the file, or remove it if the worker has been deaf for too long. now: seconds of a steady clock."""
        if self._listens():
            self._deaf_since = None
            self.write(LISTENING)
        elif not self._queue_works():
            self._deaf_since = None
            self.write()
        else:
            self._deaf_since = self._deaf_since or now
            if now - self._deaf_since < self._deaf_seconds:
                self.write()
            elif self._file.exists():
                log.error("the queue works, but this worker has heard nothing for %.0f s", now - self._deaf_since)
                self._file.unlink()

    def _run(self) -> None:
        while True:
            try:
                self.beat(time.monotonic())
            except Exception:  # a full disk, say: the file grows old, which is what it is for
                log.exception("the heartbeat was not written")
            time.sleep(BEAT_SECONDS)


class Ear:
    """Whether a Celery worker's consumer hears its queue, read off kombu's Redis channel."""

    def __init__(self, worker: Any) -> None:
        self._worker = worker
        self._turned = time.monotonic()
        worker.hub.call_repeatedly(1, self._turn)

    def listens(self) -> bool:
        """Whether the loop turns, and asks the queue for messages unless it has its hands full."""
        now, connection = time.monotonic(), self._worker.consumer.connection
        if now - self._turned > HEARD_SECONDS or connection is None:
            return False
        channels = [channel for channel in list(connection.transport.cycle._channels) if channel.active_queues]
        return any(
            not channel.qos.can_consume() or now - (channel._brpop_sent_at or 0) < HEARD_SECONDS for channel in channels
        )

    def _turn(self) -> None:
        self._turned = time.monotonic()


def works(queue: Redis) -> bool:
    """Whether the queue would hand out a message now: it answers, knows the password, and can be written to."""
    try:
        queue.lpop(NO_LIST)
    except (RedisError, OSError):
        return False
    return True

"""The sending end of the prediction log: answers wait in memory, a background task sends them to the stream in batches.

A client never waits for it. While the stream is away or full the buffer fills, and what does not fit is counted.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Iterator
from typing import Protocol

from anyio import CapacityLimiter, to_thread
from redis.asyncio import Redis
from redis.exceptions import RedisError

from common.servers.prediction_log import ENTRY_ROWS, STREAM, STREAM_ENTRIES, Row, encode, encode_invalid, new_ids
from gateway.log.key_id import KEY_ID
from gateway.metrics import Metrics
from gateway.model.shadow import Shadow

logger = logging.getLogger(__name__)

FLUSH_SECONDS = 0.5
SEND_TIMEOUT_SECONDS = 2.0


class Answered(Protocol):
    """What the gateway answered to one request."""

    def __len__(self) -> int:
        """How many predictions."""

    def rows(self) -> Iterator[Row]:
        """Their rows of the log."""


class LogSender:
    """A bounded buffer of answers in front of the stream; the challenger's shadow predictions join them there."""

    def __init__(self, queue: Redis, capacity: int, metrics: Metrics, shadow: Shadow) -> None:
        """`capacity` counts predictions."""
        self._queue = queue
        self._capacity = capacity
        self._metrics = metrics
        self._shadow = shadow
        self._shadow_thread = CapacityLimiter(1)
        self._waiting: deque[tuple[str, Answered]] = deque()
        self._unsent: list[Row] = []
        self._unsent_answers = 0
        self._wake = asyncio.Event()
        self._away = False
        self._dropped_reported = 0
        self._invalid = 0
        self.buffered = 0
        self.dropped = 0

    def put(self, answered: Answered) -> None:
        """Take one answer; drop and count it if the buffer is full."""
        count = len(answered)
        if self.buffered + count > self._capacity:
            self.dropped += count
            return
        self.buffered += count
        self._waiting.append((KEY_ID.get(), answered))
        if self.buffered >= ENTRY_ROWS:
            self._wake.set()

    def count_invalid(self) -> None:
        """Count a request that is not answered because it is invalid."""
        self._invalid += 1

    async def run(self) -> None:
        """Send for ever: when enough waits for a full entry, at the latest every FLUSH_SECONDS."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), FLUSH_SECONDS)
            self._wake.clear()
            await self.flush()
            self._report()
            if self._away:
                await asyncio.sleep(FLUSH_SECONDS)

    async def flush(self) -> None:
        """Send all that waits, or keep it if the stream takes nothing now."""
        while self._unsent or self._waiting:
            if not self._unsent:
                await self._take_rows()
            while self._unsent:
                if not await self._send(encode(self._unsent[:ENTRY_ROWS])):
                    return
                self._unsent = self._unsent[ENTRY_ROWS:]
            self.buffered -= self._unsent_answers
            self._unsent_answers = 0
        if (counted := self._invalid) and await self._send(encode_invalid(counted)):
            self._invalid -= counted

    async def close(self, seconds: float) -> None:
        """Send what waits, within a number of seconds; count the rest as dropped."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.flush(), seconds)
        if self.buffered:
            self.dropped += self.buffered
            logger.warning("%d predictions were not logged before the end", self.buffered)
        await self._queue.aclose()

    async def _send(self, fields: dict[bytes, bytes]) -> bool:
        """Whether the stream took the entry; why not is noted."""
        try:
            async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
                if await self._queue.xlen(STREAM) >= STREAM_ENTRIES:
                    self._note(f"{STREAM_ENTRIES} entries wait for the consumer")
                    return False
                await self._queue.xadd(STREAM, fields)  # type: ignore[arg-type]  # its stubs want an invariant dict
        except (RedisError, OSError, TimeoutError) as error:
            self._note(str(error) or type(error).__name__)
            return False
        self._note(None)
        return True

    async def _take_rows(self) -> None:
        answers: list[tuple[Row, str]] = []
        while self._waiting and len(answers) < ENTRY_ROWS:
            key_id, answered = self._waiting.popleft()
            answers.extend((row, key_id) for row in answered.rows())
        ids = new_ids(len(answers))
        rows: list[Row] = [(id_, *row, key_id) for id_, (row, key_id) in zip(ids, answers, strict=True)]
        self._unsent, self._unsent_answers = rows, len(rows)
        if self._shadow.version:
            self._unsent = rows + await to_thread.run_sync(self._shadow.rows, rows, limiter=self._shadow_thread)

    def _report(self) -> None:
        self._metrics.log(self.buffered, self.dropped - self._dropped_reported)
        self._dropped_reported = self.dropped

    def _note(self, trouble: str | None) -> None:
        if trouble and not self._away:
            logger.warning("the prediction log waits: %s", trouble)
        elif self._away and not trouble:
            logger.info("the prediction log flows again")
        self._away = trouble is not None

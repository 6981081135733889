"""The consumer of the prediction log: from the Valkey stream to Postgres, each prediction once.

An entry is acknowledged and deleted only after its rows are committed. What happens between the two is done again by
the next consumer, and the rows' ids make the second time a no-op. While Postgres or Valkey is away, entries wait.
"""

import logging
import os
import socket
import threading
from collections.abc import Sequence
from typing import Any

import psycopg2
from psycopg2 import DataError, IntegrityError
from redis import Redis
from redis.exceptions import RedisError, ResponseError
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from common.servers.prediction_log import (
    CONSUMER_GROUP,
    REFUSED_STREAM,
    STREAM,
    CountedRequests,
    LoggedPrediction,
    decode,
    decode_invalid,
    encode,
)
from monitor.log.store import store, store_invalid

ENTRIES_AT_ONCE = 50
BLOCK_MS = 500
ABANDONED_MS = 30_000
"""An entry that another consumer took so long ago is taken over: that consumer is dead or stuck."""

REFUSED_KEPT = 1_000
"""So many predictions that Postgres refuses (a NUL in a text) and entries that are not ours are kept for a look."""

RETRY_SECONDS = 0.5

COORDINATES = tuple(name for name in LoggedPrediction._fields if name.endswith(("_lat", "_lng")))

logger = logging.getLogger(__name__)

Entry = tuple[bytes, dict[bytes, bytes]]


class LogConsumer:
    """Reads the stream until stopped; several may run at once, on any host."""

    def __init__(self, redis: Redis, engine: Engine, decimals: int | None = None) -> None:
        """decimals: of the coordinates that are stored; as they were sent if None."""
        self._redis = redis
        self._engine = engine
        self._decimals = decimals
        self._name = f"{socket.gethostname()}-{os.getpid()}-{threading.get_ident()}"
        self._stop = threading.Event()

    def stop(self) -> None:
        """Return from `run` after the entries in hand; safe from any thread and signal handler."""
        self._stop.set()

    def run(self) -> None:
        """Consume until stopped, whatever happens: nobody would notice that this thread had ended."""
        while not self._stop.is_set():
            try:
                self.join_group()
                while not self._stop.is_set():
                    self.consume_once()
            except RedisError as error:
                logger.warning("the queue does not answer, the prediction log waits: %s", error)
                self._stop.wait(RETRY_SECONDS)
            except Exception:
                logger.exception("the prediction log waits")
                self._stop.wait(RETRY_SECONDS)

    def join_group(self) -> None:
        """Make the group of consumers, unless it is there."""
        try:
            self._redis.xgroup_create(STREAM, CONSUMER_GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):  # the group exists
                raise

    def consume_once(self) -> int:
        """Store the abandoned entries, or else the next new ones; returns how many entries that were."""
        entries = self._abandoned() or self._new()
        if entries and self._store_with_patience(entries):
            self._finish([entry for entry, _ in entries])
            return len(entries)
        return 0

    def _abandoned(self) -> list[Entry]:
        answer: Any = self._redis.xautoclaim(
            STREAM, CONSUMER_GROUP, self._name, min_idle_time=ABANDONED_MS, count=ENTRIES_AT_ONCE
        )
        return list(answer[1])

    def _new(self) -> list[Entry]:
        answer: Any = self._redis.xreadgroup(
            CONSUMER_GROUP, self._name, {STREAM: ">"}, count=ENTRIES_AT_ONCE, block=BLOCK_MS
        )
        return list(answer[0][1]) if answer else []

    def _store_with_patience(self, entries: list[Entry]) -> bool:
        """Store, waiting as long as Postgres takes nothing; False if stopped before that.

        It may be away, only read (a fail-over), or not have the tables yet (a release that is being rolled out).
        """
        predictions, invalid = self._decoded(entries)
        while not self._stop.is_set():
            try:
                self._store(predictions)
                store_invalid(self._engine, invalid)
                return True
            except (DBAPIError, psycopg2.Error) as error:
                logger.warning("the database takes nothing, the prediction log waits: %s", str(error).strip())
                self._stop.wait(RETRY_SECONDS)
        return False

    def _decoded(self, entries: list[Entry]) -> tuple[list[LoggedPrediction], list[CountedRequests]]:
        predictions: list[LoggedPrediction] = []
        invalid: list[CountedRequests] = []
        for entry, fields in entries:
            try:
                if counted := decode_invalid(fields):
                    invalid.append(counted)
                else:
                    predictions += map(self._coarse, decode(fields))
            except (ValueError, TypeError) as error:
                self._refuse(fields, f"entry {entry.decode()}: {error}")
        return predictions, invalid

    def _coarse(self, prediction: LoggedPrediction) -> LoggedPrediction:
        if self._decimals is None:
            return prediction
        given = {name: getattr(prediction, name) for name in COORDINATES}
        coarse = {name: round(value, self._decimals) for name, value in given.items() if value is not None}
        further = prediction.further
        if further is not None:
            further = further | {
                name: round(further[name], self._decimals) for name in ("origin_lat", "origin_lng") if name in further
            }
        return prediction._replace(**coarse, further=further)

    def _store(self, predictions: Sequence[LoggedPrediction]) -> None:
        """Store all that can be stored: a refused row is found by halving, and costs no other row."""
        if not predictions:
            return
        try:
            store(self._engine, predictions)
        except (DataError, IntegrityError, ValueError) as error:
            if len(predictions) == 1:
                self._refuse(encode(predictions), str(error))
                return
            middle = len(predictions) // 2
            self._store(predictions[:middle])
            self._store(predictions[middle:])

    def _refuse(self, fields: dict[bytes, bytes], reason: str) -> None:
        logger.error("a logged prediction cannot be stored: %s", reason.strip())
        kept: Any = fields | {b"reason": reason.encode()}
        self._redis.xadd(REFUSED_STREAM, kept, maxlen=REFUSED_KEPT, approximate=True)

    def _finish(self, ids: list[bytes]) -> None:
        with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.xack(STREAM, CONSUMER_GROUP, *ids)
            pipeline.xdel(STREAM, *ids)
            pipeline.execute()

"""The monitor's parts as processes that are killed again and again, and what must be true after it."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pyarrow.parquet as pq
from redis import Redis
from sqlalchemy import select, text

from common.database import actuals
from common.database.actuals import OrderReport
from common.database.present import present
from common.database.session import Database
from common.database.tables import Actual, ColdFile
from common.model.bundle import Bundle
from common.servers.objects import ObjectAddress, ObjectStore
from common.servers.prediction_log import STREAM, LoggedPrediction, encode
from common.servers.registry import Registry
from common.settings import DatabaseSettings, ObjectStoreSettings, RegistrySettings
from monitor.archive.archiver import Archiver
from monitor.archive.files import KEPT, downloaded
from monitor.log.consumer import LogConsumer
from monitor.pace.counts import keep_counts
from monitor.pace.grouping import Grouping
from monitor.settings import RetentionSettings
from support.gateway_fixtures import NOWHERE
from support.waiting import wait_until

DAY = timedelta(days=1)
HOT = RetentionSettings(hot_days=200)
OLDEST = 500
"""Days: of what is logged most is old enough to be archived at once."""

ENTRY, ENTRIES = 10, 6
"""Predictions of an entry, and entries that come before a kill."""

AGE_OLD_WORDS = text("""
    UPDATE actuals SET received_at = delivered_at
    WHERE received_at = now() AND delivered_at < now() - interval '250 days'
""")
"""As if they had come then, and not just now."""

REGROUP = text("UPDATE pace_bases SET grouping = 'of another champion'")
"""All is counted anew, and the next kill may come in its middle."""

Work = Callable[[], None]


@dataclass(frozen=True)
class Parts:
    """What the monitor's parts need; each process of them has connections of its own."""

    database_url: str
    queue_url: str
    bundle: Bundle

    def consume(self) -> None:
        """Into Postgres."""
        with Redis.from_url(self.queue_url) as redis:
            LogConsumer(redis, self._database.engine).run()

    def archive(self) -> None:
        """Out of Postgres, round after round."""
        forever(self.archiver().work)

    def archiver(self) -> Archiver:
        """Which deletes nothing for its age."""
        nothing = Registry(RegistrySettings(url=NOWHERE))
        archiver = Archiver(self._database, ObjectStore(ObjectStoreSettings()), nothing, HOT)
        archiver._delete_aged = lambda: None  # type: ignore[method-assign]
        return archiver

    def count(self) -> None:
        """The orders behind the pace, round after round."""
        database = self._database
        forever(lambda: count_a_part(database, self.bundle))

    @property
    def _database(self) -> Database:
        return Database(DatabaseSettings(url=self.database_url))


def count(database: Database, bundle: Bundle) -> None:
    """Bring the counts behind the pace up to date."""
    while not count_a_part(database, bundle):
        pass


def count_a_part(database: Database, bundle: Bundle) -> bool:
    """A day of purchases at a time, where the log is counted anew; whether that was the last."""
    with database.transaction() as session:
        return keep_counts(session, Grouping(bundle), present(session), seconds=0) is not None


def forever(work: Work) -> None:
    """Again and again, whatever happens."""
    while True:
        try:
            work()
        except Exception:
            time.sleep(0.01)


def live_through(
    parts: Parts, logged: Callable[[int], list[LoggedPrediction]], kills: int, seed: int = 0
) -> tuple[set[str], set[str]]:
    """Log and report while one part after the other is killed at any moment.

    The ids of all that was logged, and of the orders of which there was a word.
    """
    chance, database = random.Random(seed), Database(DatabaseSettings(url=parts.database_url))
    works = [parts.consume, parts.archive, parts.count]
    children = [started(work) for work in works]
    ids: set[str] = set()
    reported: set[str] = set()
    orders: list[LoggedPrediction] = []
    with Redis.from_url(parts.queue_url) as redis:
        for number in range(kills):
            for _ in range(ENTRIES):
                rows = [made(chance, order, number) for order in logged(ENTRY)]
                redis.xadd(STREAM, encode(rows))
                ids |= {str(UUID(str(row.id))) for row in rows}
                orders += [row for row in rows if row.order_id]
            with database.transaction() as session:
                words = list(reports(chance, orders))
                reported |= {word.order_id for word in words}
                actuals.store(session, words)
                session.execute(AGE_OLD_WORDS)
                if number % 2:
                    session.execute(REGROUP)
            time.sleep(chance.uniform(0.02, 0.4))
            killed = number % len(works)
            end(children[killed])
            children[killed] = started(works[killed])
        wait_until(lambda: redis.xlen(STREAM) == 0, seconds=60)
    for child in children:
        end(child)
    database.close()
    return ids, reported


def made(chance: random.Random, order: LoggedPrediction, number: int) -> LoggedPrediction:
    """An order of any day, some of them asked for again."""
    at = datetime.now(UTC) - chance.uniform(0, OLDEST) * DAY
    order_id = chance.choice([None, f"{number}-{order.order_id}-{chance.randint(0, 20)}"])
    return order._replace(predicted_at=at, purchase_timestamp=at, order_id=order_id)


def reports(chance: random.Random, orders: list[LoggedPrediction]) -> Iterator[OrderReport]:
    """Words about some of them, many said before; those of old orders are old enough to leave Postgres too."""
    for order in chance.sample(orders, min(len(orders), 40)):
        arrival = min(order.purchase_timestamp + chance.uniform(1, 20) * DAY, datetime.now(UTC))
        yield OrderReport(order_id=str(order.order_id), delivered_at=arrival)


def started(work: Work) -> int:
    """A process that does the work until it is killed."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(1)
    return child


def end(child: int) -> None:
    """Kill it; AssertionError if it had ended by itself."""
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "it was not alive any more"


def archived(database: Database) -> int:
    """How many files the archive has."""
    with database.transaction() as session:
        return len(session.scalars(select(ColdFile.uri).where(ColdFile.state == KEPT)).all())


def everywhere(database: Database, store: ObjectStore) -> tuple[Counter[str], set[str]]:
    """How often each prediction is in Postgres or a kept file, and of which orders there is a word."""

    def column(file: ColdFile, name: str) -> list[str]:
        def read(path: Path) -> list[str]:
            found: list[str] = pq.read_table(path, columns=[name])[name].to_pylist()
            return found

        return downloaded(store, ObjectAddress.split(file.uri), read)

    with database.transaction() as session:
        predictions = Counter(str(found) for found in session.scalars(text("SELECT id FROM predictions")))
        words = set(session.scalars(select(Actual.order_id)))
        files = list(session.scalars(select(ColdFile).where(ColdFile.state == KEPT)))
    for file in files:
        if file.content == "predictions":
            predictions.update(column(file, "id"))
        else:
            words |= set(column(file, "order_id"))
    return predictions, words

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from redis import Redis
from sqlalchemy import select, text

from common.database.session import Database
from common.database.tables import InvalidRequests, Prediction
from common.servers.prediction_log import (
    CONSUMER_GROUP,
    INVALID,
    STREAM,
    LoggedPrediction,
    decode,
    encode,
    encode_invalid,
)
from monitor.log import consumer as log_consumer
from monitor.log.consumer import REFUSED_STREAM, LogConsumer
from support.waiting import wait_until

MakeLogged = Callable[..., list[LoggedPrediction]]


def stored(database: Database) -> int:
    with database.transaction() as session:
        return int(session.scalar(text("SELECT count(*) FROM predictions")))


def consume_all(database: Database, queue: Redis) -> None:
    consumer = LogConsumer(queue, database.engine)
    consumer.join_group()
    while consumer.consume_once():
        pass


def send(queue: Redis, predictions: list[LoggedPrediction], per_entry: int = 100) -> None:
    for start in range(0, len(predictions), per_entry):
        queue.xadd(STREAM, encode(predictions[start : start + per_entry]))


def test_a_logged_prediction_arrives_with_every_value(database: Database, queue: Redis, logged: MakeLogged) -> None:
    odd = logged(1, order_id=None, request_id="tab\t, newline\n, backslash \\N, quote ' and ção")
    send(queue, odd)
    consume_all(database, queue)
    with database.transaction() as session:
        row = session.scalars(select(Prediction)).one()
    found = LoggedPrediction._make(getattr(row, name) for name in LoggedPrediction._fields)
    assert found == odd[0]._replace(id=UUID(str(odd[0].id)))


def test_what_an_order_says_beside_its_columns_is_stored_as_json(
    database: Database, queue: Redis, logged: MakeLogged
) -> None:
    odd = {"origin_id": "tab\t, newline\n, backslash \\N, quote '\" and ção", "facts": {"weight": 1.5, "carrier": None}}
    nowhere = {"seller_zip_code_prefix": None, "customer_lat": None, "customer_lng": None}
    send(queue, logged(1, further=odd, **nowhere))
    consume_all(database, queue)
    with database.transaction() as session:
        row = session.scalars(select(Prediction)).one()
        assert (row.further, row.customer_lat) == (odd, None)


def test_stored_entries_leave_the_stream(
    database: Database, queue: Redis, logged: MakeLogged, pending: Callable[[], int]
) -> None:
    send(queue, logged(250))
    consume_all(database, queue)
    assert stored(database) == 250
    assert queue.xlen(STREAM) == 0
    assert pending() == 0


def test_an_entry_sent_twice_is_stored_once(database: Database, queue: Redis, logged: MakeLogged) -> None:
    predictions = logged(100)
    send(queue, predictions)
    send(queue, predictions, per_entry=30)
    consume_all(database, queue)
    assert stored(database) == 100


def test_counts_of_invalid_requests_are_stored_once(database: Database, queue: Redis, logged: MakeLogged) -> None:
    entry = encode_invalid(7)
    for fields in (entry, encode(logged(3)), entry, encode_invalid(2)):
        queue.xadd(STREAM, fields)
    consume_all(database, queue)
    assert (stored(database), queue.xlen(STREAM), queue.exists(REFUSED_STREAM)) == (3, 0, 0)
    with database.transaction() as session:
        assert sorted(session.scalars(select(InvalidRequests.requests))) == [2, 7]


@pytest.mark.parametrize("body", [b"[]", b"7", b'["x", "2018-01-01", 1]', b'["%s", "2018-01-01", 1e12]' % (b"0" * 32)])
def test_a_count_that_is_none_is_put_aside(database: Database, queue: Redis, body: bytes) -> None:
    queue.xadd(STREAM, {INVALID: body})
    consume_all(database, queue)
    assert (queue.xlen(STREAM), queue.xlen(REFUSED_STREAM)) == (0, 1)


def test_what_a_dead_consumer_took_is_taken_over(
    database: Database, queue: Redis, logged: MakeLogged, pending: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    send(queue, logged(100), per_entry=10)
    queue.xgroup_create(STREAM, CONSUMER_GROUP, id="0")
    queue.xreadgroup(CONSUMER_GROUP, "dead", {STREAM: ">"}, count=5)
    monkeypatch.setattr(log_consumer, "ABANDONED_MS", 0)
    consume_all(database, queue)
    assert stored(database) == 100
    assert pending() == 0


def test_a_refused_prediction_costs_no_other(database: Database, queue: Redis, logged: MakeLogged) -> None:
    predictions = logged(50)
    predictions[17] = predictions[17]._replace(order_id="null\x00byte")
    send(queue, predictions)
    queue.xadd(STREAM, {"something": "else"})
    consume_all(database, queue)
    assert stored(database) == 49
    reasons = [fields[b"reason"].decode() for _, fields in queue.xrange(REFUSED_STREAM)]
    assert len(reasons) == 2
    assert "has no field 'predictions'" in reasons[0]
    assert queue.xlen(STREAM) == 0


def test_a_dropped_database_connection_loses_and_doubles_nothing(
    database: Database, queue: Redis, logged: MakeLogged
) -> None:
    consumer = LogConsumer(queue, database.engine)
    thread = threading.Thread(target=consumer.run)
    thread.start()
    try:
        for _ in range(10):
            send(queue, logged(500), per_entry=100)
            with database.transaction() as session:
                session.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                        "AND usename = current_user"
                    )
                )
        wait_until(lambda: stored(database) == 5_000)
    finally:
        consumer.stop()
        thread.join(timeout=10)
    assert queue.xlen(STREAM) == 0


@contextmanager
def consuming(queue: Redis, database: Database) -> Iterator[threading.Thread]:
    """A consumer in a thread of its own."""
    consumer = LogConsumer(queue, database.engine)
    thread = threading.Thread(target=consumer.run)
    thread.start()
    try:
        yield thread
    finally:
        consumer.stop()
        thread.join(timeout=10)


FAILURES = {
    "a table that is not there": (
        "ALTER TABLE predictions RENAME TO predictions_away",
        "ALTER TABLE predictions_away RENAME TO predictions",
    ),
    "a column that is not there": (
        "ALTER TABLE predictions RENAME COLUMN latency_ms TO away",
        "ALTER TABLE predictions RENAME COLUMN away TO latency_ms",
    ),
    "a database that only reads": (
        "ALTER ROLE CURRENT_USER SET default_transaction_read_only = on",
        "SET TRANSACTION READ WRITE; ALTER ROLE CURRENT_USER RESET default_transaction_read_only",
    ),
}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_the_consumer_outlives(database: Database, queue: Redis, logged: MakeLogged, failure: str) -> None:
    begins, ends = FAILURES[failure]
    with consuming(queue, database) as consumer:
        try:
            change(database, begins)
            send(queue, logged(100))
            time.sleep(1.5)
            assert consumer.is_alive()
        finally:
            change(database, ends)
        wait_until(lambda: queue.xlen(STREAM) == 0)
    assert stored(database) == 100
    assert queue.exists(REFUSED_STREAM) == 0, "no row is at fault"


def change(database: Database, statement: str) -> None:
    """Run a statement, and have everybody connect anew."""
    with database.transaction() as session:
        session.execute(text(statement))
    others = "pid <> pg_backend_pid() AND usename = current_user"
    with database.transaction() as session:
        session.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"))  # noqa: S608
    database.close()


def test_the_consumer_outlives_an_error_that_nobody_thought_of(
    database: Database, queue: Redis, logged: MakeLogged, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = iter([MemoryError("no memory left")])

    def decode_or_fail(fields: dict[bytes, bytes]) -> list[LoggedPrediction]:
        for error in errors:
            raise error
        return decode(fields)

    monkeypatch.setattr(log_consumer, "decode", decode_or_fail)
    monkeypatch.setattr(log_consumer, "ABANDONED_MS", 500)
    with consuming(queue, database):
        send(queue, logged(100))
        wait_until(lambda: queue.xlen(STREAM) == 0)
    assert stored(database) == 100


CONSUME = """
import sys
from redis import Redis
from sqlalchemy import create_engine
from monitor.log import consumer
consumer.ABANDONED_MS = 200
print("ready", flush=True)
consumer.LogConsumer(Redis.from_url(sys.argv[1]), create_engine(sys.argv[2])).run()
"""


def test_consumers_killed_at_any_moment_lose_and_double_nothing(
    database: Database, queue: Redis, monitoring: dict[str, str], logged: MakeLogged, pending: Callable[[], int]
) -> None:
    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", CONSUME, monitoring["QUEUE_URL"], monitoring["DATABASE_URL"]]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        return process

    send(queue, logged(40_000), per_entry=200)
    for _ in range(3):
        process = start()
        time.sleep(0.25)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    process = start()
    try:
        wait_until(lambda: queue.xlen(STREAM) == 0)
    finally:
        process.kill()
        process.communicate()
    assert stored(database) == 40_000
    assert pending() == 0

"""A log of many millions of predictions, a fifth of them with an order.

The newest months are made by Postgres in place, the older ones by DuckDB as files of the archive.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
from sqlalchemy import Connection, Engine, text

from common.database.months import Month, month_of
from common.servers.objects import ObjectAddress, ObjectStore
from monitor.archive.files import COLD, KEPT

HOT_DAYS = timedelta(days=180)
HOT_SHARE = 0.3

MICROSECOND = timedelta(microseconds=1)

COLUMNS = (
    "id, predicted_at, request_id, order_id, model_version, role, seller_zip_code_prefix, customer_lat, customer_lng, "
    "purchase_timestamp, delivery_time_days, lower_days, upper_days, seller_known, latency_ms, key_id, logged_at"
)

ANSWERS = """
    SELECT {id}, moment, md5('r' || n), CASE WHEN n % 5 = 0 THEN md5('order' || n) END, '1', 'champion',
           CAST(1000 + random() * 90000 AS integer), -30 + random() * 20, -55 + random() * 15,
           moment, 5 + random() * 12, 3.2, 21.5, true, 0.4, '', moment + interval '1 second'
"""


@dataclass(frozen=True)
class Span:
    """Predictions at an even pace: the first of them, how many, and when."""

    first: int
    count: int
    begin: datetime
    end: datetime

    def months(self) -> Iterator[tuple[Month, "Span"]]:
        """The part of each month."""
        step = (self.end - self.begin) / max(self.count, 1)
        number = 0
        while number < self.count:
            month = month_of(self.begin + number * step)
            until = min(-((self.begin - month.end) // step), self.count)
            moment = self.begin + number * step
            yield month, Span(self.first + number, until - number, moment, moment + (until - number) * step)
            number = until


def spans(predictions: int, now: datetime) -> tuple[Span, Span, Span]:
    """What is cold, the month that is old enough to be archived, and what is hot."""
    begin = month_of(now - HOT_DAYS).start
    assert begin is not None
    hot = Span(round(predictions * (1 - HOT_SHARE)), round(predictions * HOT_SHARE), begin, now)
    step = (now - begin) / hot.count
    last = month_of(begin - timedelta(days=1)).start
    assert last is not None
    leaving = min((begin - last) // step, hot.first)
    old = Span(hot.first - leaving, leaving, begin - leaving * step, begin)
    return Span(0, old.first, old.begin - old.first * step, old.begin), old, hot


def fill_hot(engine: Engine, span: Span, now: datetime) -> None:
    """Months of predictions, each loaded before its indexes are built, and the actuals that have come."""
    for month, part in span.months():
        with engine.begin() as connection:
            connection.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
            connection.execute(text("SET LOCAL synchronous_commit = off"))
            connection.execute(text(f"DROP TABLE IF EXISTS {month.name}"))
            connection.execute(text(f"CREATE TABLE {month.name} (LIKE predictions INCLUDING DEFAULTS)"))
            answers = ANSWERS.format(id="uuidv7(moment - clock_timestamp())")
            connection.execute(
                text(f"INSERT INTO {month.name} ({COLUMNS}) {answers} FROM {MOMENTS}"),
                _given(part),
            )
            bounds = f"FROM ('{month.start}') TO ('{month.end}')"
            connection.execute(text(f"ALTER TABLE predictions ATTACH PARTITION {month.name} FOR VALUES {bounds}"))
            _fill_actuals(connection, part, now)


def index_actuals(engine: Engine) -> None:
    """The indexes of `actuals`, built once it is full, and statistics."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET maintenance_work_mem = '512MB'"))
        connection.execute(text("ALTER TABLE actuals ADD CONSTRAINT pk_actuals PRIMARY KEY (order_id)"))
        connection.execute(text("CREATE INDEX ix_actuals_received_at ON actuals (received_at)"))
        connection.execute(text("VACUUM (ANALYZE) predictions, actuals"))


def drop_actuals_indexes(engine: Engine) -> None:
    """Before it is filled."""
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE actuals DROP CONSTRAINT pk_actuals"))
        connection.execute(text("DROP INDEX ix_actuals_received_at"))


MOMENTS = (
    "(SELECT n, CAST(:begin AS timestamptz) + (n - :first) * CAST(:step AS interval) AS moment "
    "FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS n OFFSET 0) AS moments"
)


def _given(span: Span) -> dict[str, object]:
    step = (span.end - span.begin) / span.count
    return {"begin": span.begin, "first": span.first, "last": span.first + span.count - 1, "step": step}


def _fill_actuals(connection: Connection, span: Span, now: datetime) -> None:
    """Of nineteen orders in twenty, delivered after eight days in the median."""
    connection.execute(
        text(f"""
            INSERT INTO actuals (order_id, delivered_at, said, received_at)
            SELECT md5('order' || n), delivered, 1, delivered FROM (
                SELECT n, moment + exp(2.1 + 0.5 * random_normal()) * interval '1 day' AS delivered
                FROM {MOMENTS} WHERE n % 5 = 0 AND random() < 0.95
            ) AS orders WHERE delivered < :now
        """),  # noqa: S608
        _given(span) | {"now": now},
    )


def fill_cold(engine: Engine, store: ObjectStore, span: Span, scratch: Path) -> int:
    """The months of a span as files of the archive; their bytes."""
    total = 0
    for month, part in span.months():
        file = scratch / "cold.parquet"
        total += _write(file, part)
        key = f"{COLD}predictions/{month.name[-7:].replace('_', '-')}/{month.name}-made.parquet"
        address = ObjectAddress(store.bucket, key)
        store.upload(address, file, lambda _: None)
        with engine.begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO cold_files (uri, content, month, rows, checksum, state) "
                    "VALUES (:uri, 'predictions', :month, :rows, '', :state)"
                ),
                {"uri": str(address), "month": month.start, "rows": part.count, "state": KEPT},
            )
    return total


def _write(file: Path, span: Span) -> int:
    step = (span.end - span.begin) / span.count
    moment = (
        f"TIMESTAMPTZ '{span.begin.isoformat()}' + to_microseconds((n - {span.first}) * {round(step / MICROSECOND)})"
    )
    names = COLUMNS.split(", ")
    answers = ANSWERS.format(id="CAST(uuid() AS varchar)")
    query = f"""
        COPY (SELECT * FROM (
            {answers} FROM (
                SELECT n, {moment} AS moment FROM range({span.first}, {span.first + span.count}) AS numbers (n)
            )) AS answers ({", ".join(names)})
        ) TO '{file}' (FORMAT parquet, COMPRESSION zstd)
    """  # noqa: S608
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(query)
    return file.stat().st_size

"""The migrations make exactly the tables that the code declares."""

from uuid import uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from common.database.migrate import migrate
from common.database.months import REST, made_months
from common.database.tables import Table


@pytest.fixture
def empty_database(postgres_url: str) -> str:
    """Address of a schema of its own, without a table."""
    schema = f"migrations_{uuid4().hex}"
    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    engine.dispose()
    return f"{postgres_url}?options=-csearch_path%3D{schema}"


def test_migrated_tables_are_the_declared_ones(empty_database: str) -> None:
    migrate(empty_database)
    engine = create_engine(empty_database)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": _is_declared})
        assert compare_metadata(context, Table.metadata) == []
    engine.dispose()


def _is_declared(name: str | None, kind: str, _: object) -> bool:
    """Months of the log come and go; the table that they belong to is declared."""
    return kind != "table" or not str(name).startswith("predictions_")


BEFORE_MONTHS = "0501"
LOGGED = text("SELECT id, order_id, predicted_at FROM predictions ORDER BY id")
ROWS = text("""
    INSERT INTO predictions (id, predicted_at, request_id, order_id, model_version, role, seller_zip_code_prefix,
        customer_lat, customer_lng, purchase_timestamp, delivery_time_days, lower_days, upper_days, seller_known,
        latency_ms)
    SELECT md5(row::text)::uuid, moment, 'r', row::text, '1', 'champion', 9350, -23.5, -46.6, moment, 8, 3, 20, true, 1
    FROM generate_series(1, 300) AS row,
         LATERAL (SELECT date_trunc('month', now()) + interval '120 days' - row * interval '1 day' AS moment) AS moments
    ON CONFLICT DO NOTHING
""")


def test_a_log_that_is_there_becomes_the_oldest_month_and_loses_nothing(empty_database: str) -> None:
    migrate(empty_database, BEFORE_MONTHS)
    engine = create_engine(empty_database)
    with engine.begin() as connection:
        connection.execute(ROWS)
        before = connection.execute(LOGGED).all()
    assert len(before) == 300
    migrate(empty_database)
    with engine.begin() as connection:
        assert (
            connection.execute(text("SELECT id, order_id, predicted_at FROM predictions ORDER BY id")).all() == before
        )
        oldest, *ahead = made_months(connection)
        assert (oldest.name, oldest.start, len(ahead)) == ("predictions_before", None, 2)
        moments = connection.scalars(text(f"SELECT predicted_at FROM {REST}")).all()  # noqa: S608
        assert moments
        assert min(moments) >= oldest.end, "moments to come are no month's yet"
        connection.execute(ROWS)
        assert connection.scalar(text("SELECT count(*) FROM predictions")) == 300, "each id once, as before"
    engine.dispose()


def test_migrating_twice_changes_nothing(empty_database: str) -> None:
    migrate(empty_database)
    migrate(empty_database)
    engine = create_engine(empty_database)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM alembic_version")) == 1
    engine.dispose()

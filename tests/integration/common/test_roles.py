"""Each service's role in the database does its own work, and nothing else."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.pool import NullPool

from common.database import months
from common.database.access.roles import GATEWAY, LOG, MONITOR, RIGHTS, SCORER, SERVICES, TRAINER, grant, role
from common.database.tables import Table
from support.stack_fixtures import TestServers

Ask = Callable[[str, str], None]


@pytest.fixture(scope="module")
def ask(servers: TestServers, migrated_postgres_url: str) -> Ask:
    """Sends a statement as a service, and takes back whatever it did."""

    def send(service: str, statement: str) -> None:
        url = servers.stack.environment_of(service)["DATABASE_URL"]
        with create_engine(url, poolclass=NullPool).connect() as connection:
            connection.execute(text(statement))

    return send


def test_every_table_is_somebody_s() -> None:
    assert set(RIGHTS) == set(Table.metadata.tables)
    assert {service for rights in RIGHTS.values() for service in rights} == set(SERVICES)


@pytest.mark.parametrize(
    ("service", "statement"),
    [
        (GATEWAY, "UPDATE api_keys SET scopes = '[\"admin\"]'"),
        (GATEWAY, "DELETE FROM api_keys"),
        (GATEWAY, "DELETE FROM model_events"),
        (GATEWAY, "UPDATE delivery_pace SET pace_days = 1"),
        (GATEWAY, "SELECT * FROM predictions_rest"),
        (GATEWAY, "DROP TABLE actuals"),
        (GATEWAY, "CREATE TABLE mine (x int)"),
        (SCORER, "SELECT * FROM predictions"),
        (SCORER, "SELECT * FROM api_keys"),
        (SCORER, "INSERT INTO api_keys (id, name, owner, sha256, scopes) VALUES ('x', 'x', 'x', 'x', '[\"admin\"]')"),
        (SCORER, "INSERT INTO model_events (event, model_version, actor) VALUES ('promoted', '9', 'me')"),
        (TRAINER, "DELETE FROM predictions"),
        (TRAINER, "SELECT * FROM batch_jobs"),
        (MONITOR, "INSERT INTO api_keys (id, name, owner, sha256, scopes) VALUES ('x', 'x', 'x', 'x', '[]')"),
        (MONITOR, "DROP TABLE api_keys"),
        *((service, "DELETE FROM acts") for service in SERVICES),
        *((service, "UPDATE acts SET actor = 'somebody else'") for service in SERVICES),
        *((service, "SELECT * FROM pg_authid") for service in SERVICES),
    ],
)
def test_what_is_not_its_work_is_refused(ask: Ask, service: str, statement: str) -> None:
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        ask(service, statement)


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_its_work_is_not(ask: Ask, service: str) -> None:
    for table in (table for table, rights in RIGHTS.items() if service in rights):
        ask(service, f"SELECT * FROM {table}")  # noqa: S608


@pytest.fixture
def operators_month(servers: TestServers, migrated_postgres_url: str) -> Iterator[months.Month]:
    """A month that a command of the operator's has made; it can be dropped by nobody else than the log's owner."""
    month = months.month_of(datetime(2031, 5, 1, tzinfo=UTC))
    engine = create_engine(migrated_postgres_url, poolclass=NullPool)
    with engine.begin() as connection:
        months.make_month(connection, month)
    yield month
    with engine.begin() as connection:
        connection.execute(text(f"DROP TABLE IF EXISTS {month.name}"))


def test_the_monitor_makes_and_drops_months_whoever_made_them(
    servers: TestServers, operators_month: months.Month
) -> None:
    engine = create_engine(servers.stack.environment_of(MONITOR)["DATABASE_URL"], poolclass=NullPool)
    own = months.month_of(datetime(2031, 6, 1, tzinfo=UTC))
    with engine.begin() as connection:
        months.make_month(connection, own)
        for month in (own, operators_month):
            connection.execute(text(f"LOCK TABLE ONLY {LOG}, ONLY {month.name} IN ACCESS EXCLUSIVE MODE"))
            connection.execute(text(f"DROP TABLE {month.name}"))
        assert not {own, operators_month} & {*months.made_months(connection)}


def test_a_role_loses_what_it_has_no_use_for(servers: TestServers, migrated_postgres_url: str) -> None:
    with create_engine(migrated_postgres_url, poolclass=NullPool).begin() as connection:
        connection.execute(text(f"GRANT SELECT ON api_keys TO {role(SCORER)}"))
        grant(connection)
        asked = text("SELECT has_table_privilege(:role, 'api_keys', 'SELECT')")
        assert connection.scalar(asked, {"role": role(SCORER)}) is False

"""What clients are told while the database is there, but cannot do what they ask."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Connection, create_engine, text

from common.database.migrate import migrate
from support.gateway_fixtures import Gateway, running_gateway

BODY = {"actuals": [{"order_id": "a", "delivered_at": "2018-05-01T10:00:00"}]}


@pytest.fixture
def own_database(postgres_url: str) -> str:
    """A schema of this test's own, with all tables."""
    schema = f"states_{uuid4().hex}"
    with connected(postgres_url) as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    url = f"{postgres_url}?options=-csearch_path%3D{schema}"
    migrate(url)
    return url


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    engine = create_engine(url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def refused(gateway: Gateway) -> set[str]:
    """What both routes say, as they must: 503, and when to come back."""
    answers = [gateway.client.post("/actuals", json=BODY, timeout=40), gateway.client.get("/batch-jobs", timeout=40)]
    assert [answer.status_code for answer in answers] == [503, 503], [answer.text for answer in answers]
    assert {answer.headers["retry-after"] for answer in answers} == {"5"}
    return {answer.json()["detail"] for answer in answers}


def test_read_only_as_in_a_fail_over(gateway_env: dict[str, str], own_database: str, tmp_path: Path) -> None:
    url = own_database + "%20-cdefault_transaction_read_only%3Don"
    with running_gateway({**gateway_env, "DATABASE_URL": url}, tmp_path) as gateway:
        answer = gateway.client.post("/actuals", json=BODY)
        assert (answer.status_code, answer.headers.get("retry-after")) == (503, "5")
        assert "the database is read-only" in answer.json()["detail"]


def test_without_its_tables(gateway_env: dict[str, str], own_database: str, tmp_path: Path) -> None:
    with running_gateway({**gateway_env, "DATABASE_URL": own_database}, tmp_path) as gateway:
        with connected(own_database) as connection:
            for table in ("actuals", "batch_jobs"):
                connection.execute(text(f"ALTER TABLE {table} RENAME TO hidden_{table}"))
        assert refused(gateway) == {
            "the database lacks a table: run `python -m common.database.migrate`: try again later"
        }
        with connected(own_database) as connection:
            connection.execute(text("ALTER TABLE hidden_actuals RENAME TO actuals"))
        assert gateway.client.post("/actuals", json=BODY).status_code == 202


def test_locked_by_another(gateway_env: dict[str, str], own_database: str, tmp_path: Path) -> None:
    url = own_database + "%20-clock_timeout%3D500"
    with (
        running_gateway({**gateway_env, "DATABASE_URL": url}, tmp_path) as gateway,
        connected(own_database) as connection,
    ):
        connection.execute(text("LOCK TABLE actuals, batch_jobs"))
        assert refused(gateway) == {"the database has locked what this needs: try again later"}


def test_away(gateway_env: dict[str, str], tmp_path: Path) -> None:
    environment = {**gateway_env, "DATABASE_URL": "postgresql+psycopg2://nobody@127.0.0.1:9/none"}
    with running_gateway(environment, tmp_path) as gateway:
        assert refused(gateway) == {"the database does not answer: try again later"}

"""What clients are told while the database is there, but cannot do what they ask."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from common.database.migrate import migrate
from gateway.http.database_errors import reason_of
from support.faults.small_disk import filled, small_disk
from support.gateway_fixtures import Gateway, running_gateway
from support.stack_fixtures import TestServers

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


@pytest.fixture
def superuser_url(servers: TestServers, postgres_url: str) -> str:
    password = servers.stack.credentials.postgres_superuser_password
    return make_url(postgres_url).set(username="postgres", password=password).render_as_string(hide_password=False)


def test_with_its_disk_full(
    gateway_env: dict[str, str], own_database: str, superuser_url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, space = tmp_path_factory.mktemp("disk"), f"space_{uuid4().hex}"
    folder.parent.chmod(0o711)
    schema = own_database.rpartition("%3D")[2]
    with (
        small_disk(folder, 2),
        running_gateway({**gateway_env, "DATABASE_URL": own_database}, folder.parent) as gateway,
    ):
        engine = create_engine(superuser_url, isolation_level="AUTOCOMMIT")
        (folder / "tables").mkdir()
        (folder / "tables").chmod(0o777)
        with engine.connect() as connection:
            connection.execute(text(f"CREATE TABLESPACE {space} LOCATION '{folder}/tables'"))
            connection.execute(text(f"ALTER TABLE {schema}.actuals SET TABLESPACE {space}"))
            with filled(folder):
                answer = gateway.client.post("/actuals", json=BODY)
            assert (answer.status_code, answer.headers.get("retry-after")) == (503, "5")
            assert answer.json()["detail"] == "the database has no space left on its disk: try again later"
            assert gateway.client.post("/actuals", json=BODY).status_code == 202
            connection.execute(text(f"ALTER TABLE {schema}.actuals SET TABLESPACE pg_default"))
            connection.execute(text(f"DROP TABLESPACE {space}"))
        engine.dispose()


def test_without_a_connection_left(
    gateway_env: dict[str, str], own_database: str, superuser_url: str, tmp_path: Path
) -> None:
    role = f"crowd_{uuid4().hex}"
    url = make_url(own_database).set(username=role, password="crowded-enough-to-wait")
    with connected(superuser_url) as connection:
        connection.execute(text(f"CREATE ROLE {role} LOGIN PASSWORD '{url.password}' CONNECTION LIMIT 1"))
        connection.execute(text(f"GRANT CONNECT ON DATABASE {url.database} TO {role}"))
    crowded = url.render_as_string(hide_password=False)
    with connected(crowded), running_gateway({**gateway_env, "DATABASE_URL": crowded}, tmp_path) as gateway:
        assert refused(gateway) == {"the database has no connection left: try again later"}


def test_out_of_memory_for_locks(gateway_env: dict[str, str], own_database: str, tmp_path: Path) -> None:
    with (
        running_gateway({**gateway_env, "DATABASE_URL": own_database}, tmp_path) as gateway,
        connected(own_database) as connection,
    ):
        for locks in (1_000, 100, 10, 1):
            while lock_more(connection, locks):
                pass
        answer = gateway.client.post("/actuals", json=BODY)
        assert (answer.status_code, answer.headers.get("retry-after")) == (503, "5")
        assert answer.json()["detail"] == "the database is out of memory: try again later"


def lock_more(connection: Connection, locks: int) -> bool:
    try:
        with connection.begin_nested():
            taking = "SELECT pg_advisory_xact_lock((random() * 1e15)::bigint) FROM generate_series(1, :locks)"
            connection.execute(text(taking), {"locks": locks})
    except DBAPIError:
        return False
    return True


def test_out_of_room_for_temporary_files(superuser_url: str) -> None:
    sort = "SELECT count(*) FROM (SELECT g FROM generate_series(1, 200000) g ORDER BY g DESC OFFSET 1) sorted"
    with connected(superuser_url) as connection:
        connection.execute(text("SET LOCAL temp_file_limit = '64kB'"))
        connection.execute(text("SET LOCAL work_mem = '64kB'"))
        with pytest.raises(DBAPIError) as refusal, connection.begin_nested():
            connection.execute(text(sort))
    assert reason_of(refusal.value) == "is out of resources"


def test_where_the_password_is_wrong(gateway_env: dict[str, str], own_database: str, tmp_path: Path) -> None:
    url = make_url(own_database).set(password="not-the-password-of-it").render_as_string(hide_password=False)
    with running_gateway({**gateway_env, "DATABASE_URL": url}, tmp_path) as gateway:
        assert refused(gateway) == {"the database does not let this service in: try again later"}

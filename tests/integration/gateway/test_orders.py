"""What is known of one order, and erasing it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy
from sqlalchemy import Engine

from support.example import ORDER
from support.gateway_fixtures import Gateway, create_key, running_gateway
from support.waiting import wait_until


@pytest.fixture
def engine(migrated_postgres_url: str) -> Iterator[Engine]:
    made = sqlalchemy.create_engine(migrated_postgres_url)
    yield made
    made.dispose()


def log(engine: Engine, order_id: str) -> None:
    """Two answers in the prediction log."""
    with engine.begin() as connection:
        for _ in range(2):
            connection.execute(
                sqlalchemy.text(
                    "INSERT INTO predictions (id, predicted_at, request_id, order_id, model_version, role, "
                    "seller_zip_code_prefix, customer_lat, customer_lng, purchase_timestamp, delivery_time_days, "
                    "lower_days, upper_days, seller_known, latency_ms) VALUES (gen_random_uuid(), now(), 'r', :id, "
                    "'1', 'champion', :seller_zip_code_prefix, :customer_lat, :customer_lng, now(), 8, 3, 20, true, 1)"
                ),
                {"id": order_id, **ORDER},
            )


def rows(engine: Engine, table: str, order_id: str) -> int:
    with engine.connect() as connection:
        query = sqlalchemy.text(f"SELECT count(*) FROM {table} WHERE order_id = :id")  # noqa: S608
        return int(connection.scalar(query, {"id": order_id}) or 0)


@pytest.mark.parametrize("mark", ["", "/", "?a=b#c", "%2F"])
def test_an_erased_order_is_gone_from_log_and_actuals_whatever_its_id(
    gateway: Gateway, engine: Engine, mark: str
) -> None:
    order_id, other = f"{uuid4().hex}{mark}", uuid4().hex
    for each in (order_id, other):
        log(engine, each)
        actual = {"order_id": each, "delivered_at": "2018-05-01T10:00:00Z"}
        assert gateway.client.post("/actuals", json={"actuals": [actual]}).status_code == 202
    encoded = "".join(f"%{byte:02X}" for byte in order_id.encode())
    answer = gateway.client.delete(f"/orders/{encoded}")
    assert answer.status_code == 200, answer.text
    erased = answer.json()
    assert (erased["order_id"], erased["predictions"], erased["actuals"]) == (order_id, 2, 1)
    assert datetime.fromisoformat(erased["gone_at"]) - datetime.now(UTC) < timedelta(days=1)
    assert any("models are trained from" in place for place in erased["left"])
    assert [rows(engine, table, order_id) for table in ("predictions", "actuals")] == [0, 0]
    assert [rows(engine, table, other) for table in ("predictions", "actuals")] == [2, 1]
    with engine.connect() as connection:
        newest = "SELECT act, actor, subject FROM acts WHERE act = 'order erased' ORDER BY id DESC LIMIT 1"
        assert connection.execute(sqlalchemy.text(newest)).one() == ("order erased", "no key", "")
    again = gateway.client.delete(f"/orders/{encoded}")
    assert (again.status_code, again.json()["predictions"]) == (200, 0)


def test_only_an_admin_erases(gateway_env: dict[str, str], tmp_path: Path) -> None:
    client, admin = (create_key(gateway_env, uuid4().hex, *scopes) for scopes in (("predict", "jobs"), ("admin",)))
    with running_gateway({**gateway_env, "GATEWAY_KEYS": "required"}, tmp_path) as gateway:
        path = f"/orders/{uuid4().hex}"
        wait_until(lambda: gateway.client.delete(path, headers=admin).status_code == 200, what="the keys")
        assert gateway.client.delete(path).status_code == 401
        refused = gateway.client.delete(path, headers=client)
        assert (refused.status_code, refused.json()["title"]) == (403, "Forbidden")

"""Late labels over HTTP."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import sqlalchemy
from sqlalchemy import Engine

from support.gateway_fixtures import Gateway


@pytest.fixture
def engine(migrated_postgres_url: str) -> Iterator[Engine]:
    made = sqlalchemy.create_engine(migrated_postgres_url)
    yield made
    made.dispose()


def delivered(engine: Engine, order_id: str) -> datetime | None:
    with engine.connect() as connection:
        query = sqlalchemy.text("SELECT delivered_at FROM actuals WHERE order_id = :id")
        moment: datetime | None = connection.execute(query, {"id": order_id}).scalar()
    return moment


def test_the_latest_report_of_a_delivery_is_kept(gateway: Gateway, engine: Engine) -> None:
    order_id = uuid4().hex
    reports = [("2018-05-01T10:00:00Z", 1), ("2018-05-02T10:00:00", 1), ("2018-05-03T10:00:00+02:00", 1)]
    for delivered_at, accepted in reports:
        actual = {"order_id": order_id, "delivered_at": delivered_at}
        answer = gateway.client.post("/actuals", json={"actuals": [actual, actual]})
        assert (answer.status_code, answer.json()) == (202, {"accepted": accepted})
    assert delivered(engine, order_id) == datetime(2018, 5, 3, 8, tzinfo=UTC)


def test_a_report_without_a_moment_is_refused(gateway: Gateway) -> None:
    answer = gateway.client.post("/actuals", json={"actuals": [{"order_id": "a", "delivered_at": "yesterday"}]})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/actuals/0/delivered_at"


def test_deliveries_that_cannot_be_are_refused_each_with_its_reason(gateway: Gateway, engine: Engine) -> None:
    now, ids = datetime.now(UTC), [uuid4().hex for _ in range(5)]
    moments = [
        now - timedelta(days=3),
        now + timedelta(days=14),
        datetime(2099, 1, 1, tzinfo=UTC),
        datetime(1999, 1, 1, tzinfo=UTC),
        now + timedelta(hours=14),  # a clock somewhere else, sent without its zone
    ]
    actuals = [{"order_id": id_, "delivered_at": moment.isoformat()} for id_, moment in zip(ids, moments, strict=True)]
    answer = gateway.client.post("/actuals", json={"actuals": actuals})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    errors = {error["pointer"]: error["detail"] for error in answer.json()["errors"]}
    assert set(errors) == {f"#/actuals/{number}/delivered_at" for number in (1, 2, 3)}
    assert "must be a moment that has come, at most a day from now" in errors["#/actuals/1/delivered_at"]
    assert delivered(engine, ids[0]) is None
    kept = gateway.client.post("/actuals", json={"actuals": [actuals[0], actuals[4]]})
    assert kept.json() == {"accepted": 2}


def test_ten_thousand_of_any_legal_size_are_taken(gateway: Gateway) -> None:
    longest = [
        {"order_id": f"{uuid4()}-{number:027d}", "delivered_at": "2018-05-01T10:00:00.123456-03:00"}
        for number in range(10_000)
    ]
    assert {len(actual["order_id"]) for actual in longest} == {64}
    answer = gateway.client.post("/actuals", json={"actuals": longest}, timeout=60)
    assert (answer.status_code, answer.json()) == (202, {"accepted": 10_000})


def test_two_senders_of_the_same_orders_in_opposite_order_do_not_lock_each_other_out(gateway: Gateway) -> None:
    actuals = [{"order_id": uuid4().hex, "delivered_at": "2018-05-01T10:00:00"} for _ in range(4_000)]
    ready = threading.Barrier(2)

    def send(sent: list[dict[str, str]]) -> set[int]:
        statuses = set()
        for _ in range(6):
            ready.wait()
            statuses.add(gateway.client.post("/actuals", json={"actuals": sent}, timeout=60).status_code)
        return statuses

    with ThreadPoolExecutor(2) as pool:
        assert set.union(*pool.map(send, (actuals, actuals[::-1]))) == {202}

"""Late labels over HTTP."""

from datetime import UTC, datetime
from uuid import uuid4

import sqlalchemy

from support.gateway_fixtures import Gateway


def test_the_latest_report_of_a_delivery_is_kept(gateway: Gateway, migrated_postgres_url: str) -> None:
    order_id = uuid4().hex
    reports = [("2018-05-01T10:00:00Z", 1), ("2018-05-02T10:00:00", 1), ("2018-05-03T10:00:00+02:00", 1)]
    for delivered_at, accepted in reports:
        actual = {"order_id": order_id, "delivered_at": delivered_at}
        answer = gateway.client.post("/actuals", json={"actuals": [actual, actual]})
        assert (answer.status_code, answer.json()) == (202, {"accepted": accepted})
    engine = sqlalchemy.create_engine(migrated_postgres_url)
    with engine.connect() as connection:
        query = sqlalchemy.text("SELECT delivered_at FROM actuals WHERE order_id = :id")
        stored = connection.execute(query, {"id": order_id}).scalar_one()
    engine.dispose()
    assert stored == datetime(2018, 5, 3, 8, tzinfo=UTC)


def test_a_report_without_a_moment_is_refused(gateway: Gateway) -> None:
    answer = gateway.client.post("/actuals", json={"actuals": [{"order_id": "a", "delivered_at": "yesterday"}]})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/actuals/0/delivered_at"

"""What the gateway says of the model in service."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from sqlalchemy import delete

from common.database.delivery_pace import write_pace
from common.database.session import Database
from common.database.tables import DeliveryPace
from common.model.pace import RELATIONS
from support.example import ORDER
from support.gateway_fixtures import Gateway, running_gateway

NEWER = date(2030, 1, 1)


@contextmanager
def slow_pace(database: Database, groups: Iterable[str]) -> Iterator[float]:
    """The only pace in the database for the while, newer and slower than any bundle's."""
    with database.transaction() as session:
        session.execute(delete(DeliveryPace))
        write_pace(session, [(NEWER, group, 29.0, 100) for group in groups])
    yield 29.0
    with database.transaction() as session:
        session.execute(delete(DeliveryPace))


def test_the_model_in_service_is_described(gateway: Gateway) -> None:
    model = gateway.client.get("/model").json()
    assert (model["name"], model["version"]) == ("delivery-time", "1")
    assert set(model) == {
        "name",
        "version",
        "trained_at",
        "training_window",
        "metrics",
        "features",
        "delivery_pace",
        "release",
    }
    assert tuple(model["delivery_pace"]["days"])[-2:] == RELATIONS


def groups_of(gateway: Gateway) -> list[str]:
    return [*gateway.client.get("/model").json()["delivery_pace"]["days"]]


def test_a_newer_pace_in_the_database_is_shown_and_predicted_with(
    gateway: Gateway, gateway_env: dict[str, str], database: Database, tmp_path: Path
) -> None:
    before = gateway.client.post("/delivery_time", json=ORDER).json()
    groups = groups_of(gateway)
    with slow_pace(database, groups) as slow, running_gateway(gateway_env, tmp_path) as informed:
        informed.wait_ready()
        shown = informed.client.get("/model").json()["delivery_pace"]
        after = informed.client.post("/delivery_time", json=ORDER).json()
    assert shown == {"day": NEWER.isoformat(), "days": dict.fromkeys(groups, slow)}
    assert after["delivery_time_days"] > before["delivery_time_days"]

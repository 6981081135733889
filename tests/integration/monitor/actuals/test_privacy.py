"""What is kept of a customer: coordinates as coarse as asked for, and nothing of an order that was erased."""

import csv
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import pytest
from redis import Redis
from sqlalchemy import select

from common.database.erasures import GONE_AFTER, archive_is_clean, archived, erase
from common.database.session import Database
from common.database.tables import Erasure, Prediction
from common.model.bundle import REFERENCE, Bundle
from common.servers.prediction_log import STREAM, LoggedPrediction, encode
from monitor.log.consumer import LogConsumer

MakeLogged = Callable[..., list[LoggedPrediction]]


def consume(database: Database, queue: Redis, predictions: list[LoggedPrediction], decimals: int | None = None) -> None:
    queue.xadd(STREAM, encode(predictions))
    consumer = LogConsumer(queue, database.engine, decimals)
    consumer.join_group()
    while consumer.consume_once():
        pass


def stored(database: Database) -> list[Prediction]:
    with database.transaction() as session:
        return list(session.scalars(select(Prediction)))


@pytest.mark.parametrize(("decimals", "lat", "lng"), [(None, -23.57716, -46.58749), (2, -23.58, -46.59), (0, -24, -47)])
def test_coordinates_are_stored_as_coarse_as_asked(
    database: Database, queue: Redis, logged: MakeLogged, decimals: int | None, lat: float, lng: float
) -> None:
    consume(database, queue, logged(1, customer_lat=-23.57716, customer_lng=-46.58749), decimals)
    (row,) = stored(database)
    assert (row.customer_lat, row.customer_lng) == (lat, lng)
    assert row.delivery_time_days == 8.0


def test_an_order_without_coordinates_is_stored_too(database: Database, queue: Redis, logged: MakeLogged) -> None:
    consume(database, queue, logged(1, customer_lat=None, customer_lng=None), 2)
    (row,) = stored(database)
    assert (row.customer_lat, row.customer_lng) == (None, None)


def test_what_was_on_its_way_of_an_erased_order_is_not_stored(
    database: Database, queue: Redis, logged: MakeLogged
) -> None:
    earlier, later = (datetime.now(UTC) + sign * timedelta(minutes=1) for sign in (-1, 1))
    with database.transaction() as session:
        erase(session, "gone")
    on_its_way = logged(3, order_id="gone", predicted_at=earlier)
    asked_again = logged(1, order_id="gone", predicted_at=later)
    consume(database, queue, [*on_its_way, *asked_again, *logged(2, predicted_at=earlier)])
    assert sorted(str(row.order_id) for row in stored(database)) == ["gone", "order-0", "order-1"]


@pytest.mark.usefixtures("monitoring")
def test_an_erasure_names_its_order_for_a_day_and_until_the_archive_is_clean(database: Database) -> None:
    with database.transaction() as session:
        erase(session, "gone")
        for order_id in ("long gone", "long gone, but not looked through"):
            session.add(Erasure(order_id=order_id, asked_at=datetime.now(UTC) - 2 * GONE_AFTER))
    with database.transaction() as session:
        archive_is_clean(session, ["gone", "long gone"])
    with database.transaction() as session:
        assert set(session.scalars(select(Erasure.order_id))) == {"gone", "long gone, but not looked through"}
        assert archived(session) == ["long gone, but not looked through"]


def test_the_reference_in_a_bundle_knows_no_street_and_no_moment(sample_bundle: Bundle) -> None:
    with (sample_bundle.folder / REFERENCE).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    for row in rows:
        assert len(row["destination_lat"].partition(".")[2]) <= 2
        assert len(row["destination_lng"].partition(".")[2]) <= 2
        assert datetime.fromisoformat(row["purchase_timestamp"]).time() == time()

import time
from datetime import UTC, datetime
from uuid import UUID

import numpy as np
import pytest
from pydantic_core import to_json

from common.database.tables import Prediction
from common.orders.clock import Clock
from common.orders.fields import Order
from common.orders.logged import LOGGED, further, logged_orders
from common.orders.reading import Reading
from common.servers.prediction_log import FIELD, LoggedPrediction, decode, encode, new_ids, rows_of

NOW = datetime(2026, 11, 22, 10, 30, 0, 123456, tzinfo=UTC)


def logged(order_id: str | None) -> LoggedPrediction:
    return LoggedPrediction(
        id=UUID(new_ids(1)[0]),
        predicted_at=NOW,
        request_id="r-1",
        order_id=order_id,
        model_version="3",
        role="champion",
        seller_zip_code_prefix=9350,
        customer_lat=-23.577,
        customer_lng=-46.587,
        purchase_timestamp=NOW,
        delivery_time_days=8.85,
        lower_days=3.4,
        upper_days=19.6,
        seller_known=True,
        latency_ms=0.25,
        further={"origin_id": "a", "facts": {"weight": 1.5}},
    )


def test_an_entry_holds_exactly_the_columns_that_the_table_does_not_fill_in_itself() -> None:
    columns = Prediction.__table__.columns
    assert set(LoggedPrediction._fields) == {column.name for column in columns if column.server_default is None}


def test_every_field_of_an_order_is_logged_in_a_column_or_further() -> None:
    order = dict.fromkeys(Order.model_fields, "x")
    assert {*LOGGED, *(further(order) or {}), "destination_lat", "destination_lng"} == {*Order.model_fields}
    assert set(LOGGED) <= set(LoggedPrediction._fields)
    assert further({"origin_id": None, "seller_zip_code_prefix": 9350}) is None


def test_orders_read_back_from_the_log_as_they_were_asked_for() -> None:
    asked = [
        {"origin_id": "a", "destination_lat": 1.0, "destination_lng": 2.0, "facts": {"weight": 2, "carrier": "x"}},
        {"seller_zip_code_prefix": 9350, "customer_lat": -23.5, "customer_lng": -46.5},
        {"origin_country": "PT", "destination_postal_code": "01001", "facts": {"carrier": None}},
    ]
    orders = [Order.model_validate(each) for each in asked]
    log = {
        "seller_zip_code_prefix": [order.seller_zip_code_prefix for order in orders],
        "customer_lat": [order.coordinates("destination")[0] for order in orders],
        "customer_lng": [order.coordinates("destination")[1] for order in orders],
        "purchase_timestamp": ["2018-03-05T10:00:00"] * 3,
        "further": [further(order.__dict__) for order in orders],
    }
    read = logged_orders(log, Reading(Clock("UTC"), ("weight",), ("carrier",)))
    np.testing.assert_array_equal(read.numbers["seller_zip_code_prefix"], [np.nan, 9350, np.nan])
    np.testing.assert_array_equal(read.numbers["destination_lng"], [2.0, -46.5, np.nan])
    np.testing.assert_array_equal(read.numbers["weight"], [2.0, np.nan, np.nan])
    assert {name: texts.tolist() for name, texts in read.texts.items()} == {
        "origin_id": ["a", None, None], "origin_country": [None, None, "PT"],
        "destination_postal_code": [None, None, "01001"], "carrier": ["x", None, None],
    }  # fmt: skip


def read(predictions: list[LoggedPrediction]) -> list[LoggedPrediction]:
    """With ids and moments as Postgres reads them."""
    return [
        row._replace(
            id=UUID(str(row.id)),
            predicted_at=datetime.fromisoformat(str(row.predicted_at)),
            purchase_timestamp=datetime.fromisoformat(str(row.purchase_timestamp)),
        )
        for row in predictions
    ]


def test_what_was_encoded_is_decoded_unchanged() -> None:
    predictions = [logged("order-1"), logged(None)]
    assert read(decode(encode(predictions))) == predictions


def test_plain_rows_read_back_as_typed_ones() -> None:
    typed = logged("order-1")
    columns = {name: [value] for name, value in typed._asdict().items()}
    plain = {**columns, "predicted_at": [NOW.isoformat()], "purchase_timestamp": ["2026-11-22T10:30:00"]}
    rows = [(typed.id.hex, *row, typed.key_id) for row in rows_of(plain)]
    assert read(decode(encode(rows))) == [typed._replace(purchase_timestamp=NOW.replace(microsecond=0))]


def test_what_a_newer_gateway_adds_at_the_end_is_passed_over() -> None:
    typed = logged("order-1")
    assert read(decode({FIELD: to_json([[*typed, "newer"]])})) == [typed]


def test_ids_are_all_different_and_grow_with_time() -> None:
    ids = new_ids(1_000)
    assert len({*ids, *new_ids(1_000)}) == 2_000
    assert {(len(each), UUID(each).version) for each in ids} == {(32, 7)}
    first = int(ids[0][:12], 16)
    assert abs(first - time.time() * 1e3) < 60_000, "they begin with milliseconds"


def test_a_foreign_entry_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="predictions"):
        decode({b"other": b"[]"})


@pytest.mark.parametrize(
    "body", [b"7", b'"text"', b"[7]", b'["text"]', b"[{}]", b"[[]]", b'[["id", "moment"]]', b"[null]"]
)
def test_an_entry_that_holds_no_predictions_is_refused(body: bytes) -> None:
    with pytest.raises((ValueError, TypeError)):
        decode({FIELD: body})

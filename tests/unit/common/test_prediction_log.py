from datetime import UTC, datetime
from typing import get_type_hints
from uuid import UUID

import pytest
from pydantic_core import to_json

from common.database.tables import Prediction
from common.orders.fields import Order
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
    )


def test_an_entry_holds_exactly_the_columns_that_the_table_does_not_fill_in_itself() -> None:
    columns = Prediction.__table__.columns
    assert set(LoggedPrediction._fields) == {column.name for column in columns if column.server_default is None}


def test_every_field_of_an_order_is_logged() -> None:
    log, order = get_type_hints(LoggedPrediction), get_type_hints(Order)
    assert {name: log[name] for name in order if name != "purchase_timestamp"} == {
        name: kind for name, kind in order.items() if name != "purchase_timestamp"
    }


def test_what_was_encoded_is_decoded_unchanged() -> None:
    predictions = [logged("order-1"), logged(None)]
    assert decode(encode(predictions)) == predictions


def test_plain_rows_read_back_as_typed_ones() -> None:
    typed = logged("order-1")
    columns = {name: [value] for name, value in typed._asdict().items()}
    plain = {**columns, "id": [typed.id.hex], "predicted_at": [NOW.isoformat()]}
    plain["purchase_timestamp"] = ["2026-11-22T10:30:00"]
    assert decode(encode(rows_of(plain))) == [typed._replace(purchase_timestamp=NOW.replace(microsecond=0))]


def test_what_a_newer_gateway_adds_at_the_end_is_passed_over() -> None:
    typed = logged("order-1")
    assert decode({FIELD: to_json([[*typed, "newer"]])}) == [typed]


def test_ids_are_all_different() -> None:
    assert len(set(new_ids(1_000))) == 1_000


def test_a_foreign_entry_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="predictions"):
        decode({b"other": b"[]"})

from datetime import UTC, datetime
from uuid import UUID

import pytest

from common.database.tables import Prediction
from common.servers.prediction_log import LoggedPrediction, decode, encode, new_ids

NOW = datetime(2026, 11, 22, 10, 30, 0, 123456, tzinfo=UTC)


def logged(order_id: str | None) -> LoggedPrediction:
    return LoggedPrediction(
        UUID(new_ids(1)[0]),
        NOW,
        "r-1",
        order_id,
        "3",
        "champion",
        9350,
        -23.577,
        -46.587,
        NOW,
        8.85,
        3.4,
        19.6,
        True,
        0.25,
    )


def test_an_entry_holds_exactly_the_columns_of_the_table() -> None:
    assert list(LoggedPrediction._fields) == [column.name for column in Prediction.__table__.columns]


def test_what_was_encoded_is_decoded_unchanged() -> None:
    predictions = [logged("order-1"), logged(None)]
    assert decode(encode(predictions)) == predictions


def test_plain_rows_read_back_as_typed_ones() -> None:
    typed = logged("order-1")
    plain = typed._replace(id=typed.id.hex, predicted_at=NOW.isoformat(), purchase_timestamp="2026-11-22T10:30:00")  # type: ignore[arg-type]
    assert decode(encode([tuple(plain)])) == [typed._replace(purchase_timestamp=NOW.replace(microsecond=0))]


def test_ids_are_all_different() -> None:
    assert len(set(new_ids(1_000))) == 1_000


def test_a_foreign_entry_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="predictions"):
        decode({b"other": b"[]"})

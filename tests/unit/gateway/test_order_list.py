"""Many orders read by columns are what they are read by rows; whatever may be wrong with them is left to the rows."""

import json
import random
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.routes.order_list import by_columns, by_rows, columns_of
from gateway.routes.prediction_bodies import MAX_ORDERS

TODAY = {"seller_zip_code_prefix": 9350, "customer_lat": -23.577, "customer_lng": -46.587}
EVERYTHING = {
    "order_id": "a-1",
    "purchase_timestamp": "2018-05-17T10:00:00-03:00",
    "origin_id": " warehouse 7 ",
    "origin_country": "DEU",
    "origin_postal_code": "ec1a 1bb",
    "origin_lat": 52,
    "origin_lng": 13.4,
    "origin_region": "BE",
    "destination_country": "fr",
    "destination_postal_code": "01-000",
    "destination_lat": 48.85,
    "destination_lng": 2.35,
    "destination_region": "IDF",
    "shipped_timestamp": "2018-05-18 10:00:00",
    "under_way_at": "2018-05-20T10:00Z",
    "promised_timestamp": "2018-06-01T00:00:00",
    "facts": {"weight_g": 250, "carrier": " dhl ", "service": None},
    "on_time_share": [0.5, 0.9],
    "deliver_by": "2018-05-30",
}
ODD: list[Any] = [
    *(None, True, 0, -1, 7, 9350.0, 9350.5, 1e30, 10**25, 10**400, -0.0, float("nan"), float("inf")),
    *("", " ", "x", "9350", "\x00", "ä" * 65, "Brazil", "BR", "2018-02-30", "1999-01-01", "2018-05-17T10:00:00Z"),
    *([], [0.9], [0.1], [0.5] * 6, {}, {"a": 1}, {"weight_g": [1]}, {"a": float("nan")}, {"a": "\ud800"}),
]
BODIES = 4_000


def body(*orders: Any, **further: Any) -> bytes:
    return json.dumps({"orders": orders, **further}).encode()


def broken(chance: random.Random) -> bytes:
    """One to three orders, now and then with an odd value, field or shape, or with a character that is not theirs."""
    orders: list[Any] = [
        dict(chance.choice((TODAY, TODAY | {"order_id": "b"}, EVERYTHING))) for _ in range(chance.choice((1, 2, 3)))
    ]
    for order in orders:
        for name in chance.sample((*order, "customer_lat", "unknown"), chance.choice((0, 0, 1, 2))):
            if chance.random() < 0.3:
                order.pop(name, None)
            else:
                order[name] = chance.choice(ODD)
    if chance.random() < 0.05:
        orders[0] = chance.choice(ODD)
    text = body(*orders, **({"more": 1} if chance.random() < 0.03 else {}))
    if chance.random() < 0.1:
        at = chance.randrange(len(text))
        text = text[:at] + chance.choice((b"", b'"', b"\xff", b"}", b"NaN", b",")) + text[at + 1 :]
    return text


def test_columns_are_the_rows_or_leave_them_to_be_looked_at() -> None:
    chance = random.Random(8)
    taken = refused = 0
    for _ in range(BODIES):
        text = broken(chance)
        try:
            rows = by_rows(text)
        except ValidationError:
            refused += 1
            assert by_columns(text) is None, text
            continue
        taken += 1
        columns = by_columns(text)
        assert columns is None or repr(columns) == repr(rows), text
    assert min(taken, refused) > BODIES / 5


GOOD = [
    [TODAY] * MAX_ORDERS,
    [EVERYTHING] * 2,
    [TODAY, EVERYTHING],
    [TODAY | {"order_id": None}, TODAY],
    [TODAY | {"customer_lat": 1}],
]


@pytest.mark.parametrize("orders", GOOD, ids=["many", "every field", "mixed", "null", "whole degrees"])
def test_good_orders_are_read_by_columns(orders: list[dict[str, Any]]) -> None:
    columns = by_columns(body(*orders))
    assert columns is not None
    assert repr(columns) == repr(by_rows(body(*orders)))


def test_a_fault_is_told_by_its_row() -> None:
    with pytest.raises(ValidationError) as refused:
        columns_of(body(TODAY, TODAY | {"customer_lat": 91}))
    assert refused.value.errors()[0]["loc"] == ("orders", 1, "customer_lat")


@pytest.mark.parametrize("count", [0, MAX_ORDERS + 1])
def test_none_and_too_many_are_refused(count: int) -> None:
    with pytest.raises(ValidationError):
        columns_of(body(*[TODAY] * count))

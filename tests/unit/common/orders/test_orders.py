"""One declaration of the order's fields: what requests, files, arrays and the log make of it."""

from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from common.orders.fields import FIELDS, INPUTS, Order
from common.orders.moments import moment_of, naive_utc
from common.orders.orders import Orders
from support.model_fixtures import made_up_orders

COLUMNS = {
    "seller_zip_code_prefix": [9350.0, 1001.0],
    "customer_lat": ["-23.577", "-22.9"],
    "customer_lng": [-46, -43],
    "purchase_timestamp": ["2018-03-05T10:00:00", "2018-03-06"],
    "colour": ["red", "blue"],
}
OLD = {"seller_zip_code_prefix": 9350, "customer_lat": -23.577, "customer_lng": -46.587}
HERE = {"destination_postal_code": "01001"}


def said_of(order: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as refused:
        Order.model_validate(order)
    return "; ".join(error["msg"] for error in refused.value.errors())


def test_a_time_with_a_zone_is_turned_into_utc() -> None:
    brasilia = timezone(timedelta(hours=-3))
    assert naive_utc(datetime(2018, 3, 5, 22, 0, tzinfo=brasilia)) == datetime(2018, 3, 6, 1, 0)  # noqa: DTZ001


def test_a_time_without_zone_is_taken_as_it_is() -> None:
    moment = datetime(2018, 3, 5, 10, 0)  # noqa: DTZ001
    assert naive_utc(moment) == moment


@pytest.mark.parametrize("text", ["yesterday", "1999-12-31", "2100-01-01"])
def test_a_moment_that_cannot_be_meant_is_refused_with_what_it_must_be(text: str) -> None:
    with pytest.raises(ValueError, match="an ISO 8601 time from 2000 to 2099"):
        moment_of(text)


def test_files_may_have_what_requests_may_have() -> None:
    assert {*Order.model_fields} == {field.name for field in INPUTS} | {"order_id", "promised_timestamp", "facts"}


@pytest.mark.parametrize(
    "origin",
    [
        {"origin_id": "a"}, {"origin_postal_code": "1"}, {"origin_lat": 1.0, "origin_lng": 2.0},
        {"origin_region": "SP"}, {"origin_country": "BRA"}, {"seller_zip_code_prefix": 9350},
    ],
    ids=str,
)  # fmt: skip
def test_any_one_way_to_know_the_origin_will_do(origin: dict[str, Any]) -> None:
    assert Order.model_validate(origin | HERE)
    assert "the origin is missing: give one of origin_id, origin_postal_code" in said_of(HERE)


@pytest.mark.parametrize(
    "destination",
    [
        {"destination_postal_code": "1"}, {"destination_lat": 1.0, "destination_lng": 2.0},
        {"destination_region": "SP"}, {"destination_country": "br"}, {"customer_lat": 1.0, "customer_lng": 2.0},
    ],
    ids=str,
)  # fmt: skip
def test_any_one_way_to_know_the_destination_will_do(destination: dict[str, Any]) -> None:
    assert Order.model_validate({"origin_id": "a"} | destination)
    assert "the destination is missing: give one of destination_postal_code" in said_of({"origin_id": "a"})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({}, {"origin_postal_code": "09350"}),
        ({}, {"destination_lat": 1.0, "destination_lng": 2.0}),
    ],
    ids=str,
)
def test_a_name_and_its_old_name_at_once_are_refused_by_both_names(old: dict[str, Any], new: dict[str, Any]) -> None:
    said = said_of(OLD | old | new)
    pairs = {"origin_postal_code": "seller_zip_code_prefix", "destination_lat": "customer_lat"}
    name = next(iter(new))
    assert f"{pairs[name]} and {name} both say the same: keep one of them" in said


@pytest.mark.parametrize("half", ["origin_lat", "origin_lng", "destination_lat", "destination_lng", "customer_lng"])
def test_half_a_point_is_refused_by_the_other_half(half: str) -> None:
    other = half[:-3] + {"lat": "lng", "lng": "lat"}[half[-3:]]
    assert f"{other} is required" in said_of({"origin_id": "a", **HERE, half: 1.0})


def test_the_three_old_fields_are_asked_for_by_their_names() -> None:
    for name in OLD:
        said = said_of({other: value for other, value in OLD.items() if other != name})
        assert f"{name} is required" in said


def test_what_is_null_is_not_said() -> None:
    order = Order.model_validate(OLD | {"origin_postal_code": None, "destination_lat": None})
    assert order.coordinates("destination") == (-23.577, -46.587)
    said = said_of(OLD | {"seller_zip_code_prefix": None})
    assert said.startswith("seller_zip_code_prefix must not be null (or another origin: origin_id, ")


def test_codes_and_countries_are_read_as_people_write_them() -> None:
    order = Order.model_validate({"origin_postal_code": " sw1a-1aa", "origin_country": "gbr", **HERE})
    assert (order.origin_postal_code, order.origin_country, order.destination_postal_code) == ("SW1A1AA", "GB", "01001")
    assert "leading zeros count" in said_of({"origin_postal_code": 1001, **HERE})
    assert "a country's ISO 3166 code" in said_of({"origin_country": "Atlantis", **HERE})


def test_columns_of_any_table_become_the_model_s_arrays() -> None:
    orders = Orders.of_columns(COLUMNS)
    assert orders.numbers["seller_zip_code_prefix"].tolist() == [9350, 1001]
    assert orders.numbers["destination_lat"].tolist() == [-23.577, -22.9]
    assert orders.purchase_timestamp.astype(str).tolist() == ["2018-03-05T10:00:00", "2018-03-06T00:00:00"]
    assert not orders.texts


def test_facts_are_taken_along_where_they_are_asked_for() -> None:
    columns = COLUMNS | {"weight": [1.5, None]}
    orders = Orders.of_columns(columns, numeric=("weight",), category=("colour", "size"))
    assert orders.texts["colour"].tolist() == ["red", "blue"]
    np.testing.assert_array_equal(orders.numbers["weight"], [1.5, np.nan])
    assert [order.facts for order, _ in orders.each()] == [
        {"colour": "red", "weight": 1.5}, {"colour": "blue", "weight": None}
    ]  # fmt: skip


def test_old_and_new_names_may_stand_in_one_list_of_orders() -> None:
    columns: dict[str, Any] = {
        "seller_zip_code_prefix": [9350, None], "origin_postal_code": [None, "01001"],
        "customer_lat": [-23.5, None], "customer_lng": [-46.5, None],
        "destination_lat": [None, 1.0], "destination_lng": [None, 2.0],
        "purchase_timestamp": ["2018-03-05", "2018-03-06"],
    }  # fmt: skip
    orders = Orders.of_columns(columns)
    assert orders.numbers["destination_lat"].tolist() == [-23.5, 1.0]
    assert orders.numbers["destination_lng"].tolist() == [-46.5, 2.0]
    first, second = (order for order, _ in orders.each())
    assert (first.seller_zip_code_prefix, first.origin_postal_code) == (9350, None)
    assert (second.seller_zip_code_prefix, second.origin_postal_code) == (None, "01001")


def test_chosen_orders_keep_all_their_fields() -> None:
    (order,) = Orders.of_columns(COLUMNS).where(np.array([False, True])).each()
    assert order[1] == datetime(2018, 3, 6)  # noqa: DTZ001
    assert (order[0].seller_zip_code_prefix, order[0].coordinates("destination")) == (1001, (-22.9, -43.0))


def test_orders_one_by_one_read_back_as_the_same_columns() -> None:
    orders = made_up_orders(100)
    rows = [order.model_dump() | {"purchase_timestamp": moment} for order, moment in orders.each()]
    again = Orders.of_columns({name: [row[name] for row in rows] for name in ("purchase_timestamp", *given(orders))})
    np.testing.assert_array_equal(again.purchase_timestamp, orders.purchase_timestamp)
    for name, texts in orders.texts.items():
        assert again.texts[name].tolist() == texts.tolist()
    for name, numbers in orders.numbers.items():
        np.testing.assert_array_equal(again.numbers[name], numbers)


def given(orders: Orders) -> tuple[str, ...]:
    return (*orders.texts, *orders.numbers)


@pytest.mark.parametrize("name", [field.name for field in INPUTS if field.kind in ("whole", "number")])
def test_arrays_are_held_to_the_bounds_that_requests_are_held_to(name: str) -> None:
    low, high = FIELDS[name].bounds
    values = [low, high, low - 1, high + 1, np.nan, *([low + 0.5] if FIELDS[name].kind == "whole" else [])]
    pair = name[:-3] + {"lat": "lng", "lng": "lat"}.get(name[-3:], "")
    example = {"origin_id": "a", "destination_region": "b"} | ({pair: 1.0} if pair in FIELDS else {})

    def taken(value: float) -> bool:
        try:
            Order.model_validate({**example, name: value})
        except ValidationError:
            return False
        return True

    assert FIELDS[name].admits(np.array(values)).tolist() == [taken(value) for value in values]
    assert taken(low)
    assert not taken(high + 1)


def test_texts_are_taken_without_the_blanks_around_them_as_files_take_them() -> None:
    order = Order.model_validate({"origin_region": " SP\t", "facts": {"carrier": " sloth "}, **HERE})
    assert (order.origin_region, order.facts) == ("SP", {"carrier": "sloth"})


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ({"origin_region": "a\0b"}, "pattern"),
        ({"origin_id": " "}, "at least 1 character"),
        ({"origin_postal_code": "1\0"}, "pattern"),
        ({"origin_id": "a", "facts": {"carrier": "x\0"}}, "pattern"),
        ({"origin_id": "a", "facts": {"carrier": "x" * 65}}, "at most 64 characters"),
        ({"origin_id": "a", "purchase_timestamp": 1_518_688_800}, "an ISO 8601 time from 2000 to 2099"),
        ({"origin_id": "a", "purchase_timestamp": True}, "an ISO 8601 time from 2000 to 2099"),
    ],
)
def test_what_the_log_or_the_model_could_not_keep_is_refused(order: dict[str, Any], said: str) -> None:
    assert said in said_of(order | HERE)

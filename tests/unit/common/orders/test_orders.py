"""One declaration of the order's fields: what requests, files, arrays and the log make of it."""

from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from pydantic import ValidationError

from common.orders.fields import FIELDS, INPUTS, OPTIONAL_COLUMNS, REQUIRED_COLUMNS, Order, Orders
from common.orders.moments import moment_of, naive_utc
from support.model_fixtures import made_up_orders

COLUMNS = {
    "seller_zip_code_prefix": [9350.0, 1001.0],
    "customer_lat": ["-23.577", "-22.9"],
    "customer_lng": [-46, -43],
    "purchase_timestamp": ["2018-03-05T10:00:00", "2018-03-06"],
    "colour": ["red", "blue"],
}


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


def test_files_need_what_requests_need() -> None:
    assert tuple(name for name, field in Order.model_fields.items() if field.is_required()) == REQUIRED_COLUMNS
    assert OPTIONAL_COLUMNS == ("purchase_timestamp",)


def test_columns_of_any_table_become_the_model_s_arrays() -> None:
    orders = Orders.of_columns(COLUMNS)
    assert orders.seller_zip_code_prefix.dtype == np.int64
    assert orders.customer_lat.tolist() == [-23.577, -22.9]
    assert orders.purchase_timestamp.astype(str).tolist() == ["2018-03-05T10:00:00", "2018-03-06T00:00:00"]


def test_a_table_without_a_needed_column_is_no_table_of_orders() -> None:
    with pytest.raises(KeyError, match="customer_lng"):
        Orders.of_columns({name: values for name, values in COLUMNS.items() if name != "customer_lng"})


def test_chosen_orders_keep_all_their_fields() -> None:
    (order,) = Orders.of_columns(COLUMNS).where(np.array([False, True])).each()
    assert order[1] == datetime(2018, 3, 6)  # noqa: DTZ001
    assert (order[0].seller_zip_code_prefix, order[0].customer_lng) == (1001, -43.0)


def test_arrays_read_back_from_their_columns() -> None:
    orders = made_up_orders(100)
    again = Orders.of_columns(orders.columns())
    for field in INPUTS:
        np.testing.assert_array_equal(getattr(again, field.name), getattr(orders, field.name))


@pytest.mark.parametrize("name", [field.name for field in INPUTS if field.kind != "moment"])
def test_arrays_are_held_to_the_bounds_that_requests_are_held_to(name: str) -> None:
    low, high = FIELDS[name].bounds
    values = [low, high, low - 1, high + 1, np.nan, *([low + 0.5] if FIELDS[name].kind == "whole" else [])]
    example = {"seller_zip_code_prefix": 9350, "customer_lat": -23.577, "customer_lng": -46.587}

    def taken(value: float) -> bool:
        try:
            Order.model_validate({**example, name: value})
        except ValidationError:
            return False
        return True

    assert FIELDS[name].admits(np.array(values)).tolist() == [taken(value) for value in values]
    assert taken(low)
    assert not taken(high + 1)

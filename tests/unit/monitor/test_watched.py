from collections.abc import Callable

import pandas as pd

from monitor.windows.watched import seller_region, watched


def test_region_is_the_first_of_five_digits() -> None:
    assert list(seller_region(pd.Series([9350, 13023, 99999, 1]))) == ["0", "1", "9", "0"]


def test_a_missing_prefix_stays_missing() -> None:
    assert list(seller_region(pd.Series([9350, None], dtype="Int64")).isna()) == [False, True]


def test_watched_columns_are_numbers_but_for_the_region(rows: Callable[[int], pd.DataFrame]) -> None:
    columns = watched(rows(5))
    assert list(columns) == ["seller_region", "customer_lat", "customer_lng", "prediction"]
    assert columns.drop(columns="seller_region").dtypes.eq("float64").all()

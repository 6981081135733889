"""Numbers with points and commas."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.sources.orders.numbers import Decimal, decimal_of, numbers

FLOATS = st.floats(-1e6, 1e6).map(lambda number: round(number, 3))


@given(st.lists(FLOATS, min_size=1), st.sampled_from([".", ","]))
def test_a_number_is_read_as_it_was_written(values: list[float], decimal: Decimal) -> None:
    texts = pl.Series([f"{value:.3f}".replace(".", decimal) for value in values])
    assert numbers(texts, decimal).to_list() == values


@pytest.mark.parametrize(
    ("text", "decimal", "number"),
    [
        ("1.234,5", ",", 1234.5), ("1,234.5", ".", 1234.5), ("-23,55", ",", -23.55), (" 7 ", ".", 7.0),
        ("1e3", ".", 1000), ("2 kg", ".", None), ("inf", ".", None), ("nan", ".", None), ("", ",", None),
    ],
)  # fmt: skip
def test_thousands_and_what_is_no_number(text: str, decimal: Decimal, number: float | None) -> None:
    assert numbers(pl.Series([text]), decimal)[0] == number


@pytest.mark.parametrize(
    ("texts", "decimal"),
    [
        (["1.5", "2"], "."), (["1,5", "2"], ","), (["12", "7"], "."), (["1.234,50"], ","), (["1,234", "5,678"], None),
        (["1,5", "1.5"], "both"), (["1,234", "1,5"], ","), ([], "."),
    ],
)  # fmt: skip
def test_the_decimal_sign_is_found_out_only_where_it_shows(texts: list[str], decimal: str | None) -> None:
    assert decimal_of(pl.Series(texts, dtype=pl.String)) == decimal

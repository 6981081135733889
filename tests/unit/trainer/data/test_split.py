from datetime import datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.data.olist.problems import NothingToTrain
from trainer.data.split import split

EIGHTHS = st.integers(0, 2_000).map(lambda count: count / 8)
"""Days that come out exact in seconds."""


def orders(days: list[tuple[float, float | None]]) -> pl.DataFrame:
    """Orders from (day of January 2018 bought, days until delivered)."""
    start = pl.lit(datetime(2018, 1, 1))  # noqa: DTZ001
    frame = pl.DataFrame(days, schema={"bought": pl.Float64, "delivery_days": pl.Float64}, orient="row")
    return frame.with_columns(
        purchase_timestamp=start + pl.duration(seconds=pl.col("bought") * 86_400),
        delivered_timestamp=start + pl.duration(seconds=(pl.col("bought") + pl.col("delivery_days")) * 86_400),
        seller_zip_code_prefix=pl.lit(1001),
        customer_lat=pl.lit(-23.5),
        customer_lng=pl.lit(-46.6),
    )


def test_each_order_stands_on_the_side_where_its_label_was_known() -> None:
    parts = split(orders([(0, 5), (0, 20), (5, None), (12, 3)]), datetime(2018, 1, 10))  # noqa: DTZ001
    assert parts.train["delivery_time"].to_list() == [5]
    assert parts.valid["delivery_time"].to_list() == [3]
    assert parts.unknown_at_cutoff == 1


@settings(deadline=None)
@given(st.lists(st.tuples(EIGHTHS, EIGHTHS), min_size=30, max_size=60))
def test_training_ends_before_validation_begins(days: list[tuple[float, float | None]]) -> None:
    table = orders([(0, 0), (1, 0), (299, 1), *days])
    parts = split(table, datetime(2018, 6, 1))  # noqa: DTZ001
    waited = pl.duration(seconds=pl.col("delivery_time") * 86_400)
    delivered = parts.train.select(pl.col("purchase_timestamp") + waited).to_series()
    assert delivered.max() < parts.cutoff <= parts.valid["purchase_timestamp"].min()
    assert parts.train.height + parts.valid.height + parts.unknown_at_cutoff == table.height


def test_by_default_about_the_last_fifth_validates() -> None:
    parts = split(orders([(day / 10, 1.0) for day in range(1_000)]))
    assert parts.cutoff == datetime(2018, 3, 21)  # noqa: DTZ001
    assert 200 <= parts.valid.height <= 210


@pytest.mark.parametrize(("cutoff", "part"), [(datetime(2017, 1, 1), "training"), (datetime(2019, 1, 1), "validation")])  # noqa: DTZ001
def test_an_empty_part_is_named_with_what_there_is(cutoff: datetime, part: str) -> None:
    with pytest.raises(NothingToTrain, match=rf"no delivered order is left for {part}.*of 2 delivered orders"):
        split(orders([(0, 5), (3, 5)]), cutoff)

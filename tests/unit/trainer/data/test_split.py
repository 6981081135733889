from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.data.split import split
from trainer.sources.errors import NothingToTrain

SAO_PAULO = ZoneInfo("America/Sao_Paulo")
EIGHTHS = st.integers(0, 2_000).map(lambda count: count / 8)
"""Days that come out exact in seconds."""


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=SAO_PAULO)  # type: ignore[arg-type, misc]


def orders(days: list[tuple[float, float | None]]) -> pl.LazyFrame:
    """Orders from (day of January 2018 bought, days until delivered)."""
    start = pl.lit(datetime(2018, 1, 1, 2, tzinfo=UTC)).dt.cast_time_unit("us")
    frame = pl.DataFrame(days, schema={"bought": pl.Float64, "delivery_days": pl.Float64}, orient="row")
    return frame.lazy().select(
        purchase_timestamp=start + pl.duration(seconds=pl.col("bought") * 86_400),
        delivered_timestamp=start + pl.duration(seconds=(pl.col("bought") + pl.col("delivery_days")) * 86_400),
    )


def days_of(part: pl.LazyFrame) -> list[float]:
    return part.collect()["delivery_time"].to_list()


@pytest.mark.parametrize("cutoff", [datetime(2018, 1, 10), local(2018, 1, 10), datetime(2018, 1, 10, 2, tzinfo=UTC)])  # noqa: DTZ001
def test_each_order_stands_on_the_side_where_its_label_was_known(cutoff: datetime) -> None:
    """A cut-off without zone is on the shop's clock; 23:00 and 01:00 of its midnight stand on different sides."""
    hour = 1 / 24
    made = orders([(0, 9 - hour), (0, 9 + hour), (5, None), (9 - hour, 3), (9 + hour, 4)])
    parts = split(made, SAO_PAULO, cutoff)
    assert days_of(parts.train) == [pytest.approx(9 - hour)]
    assert days_of(parts.valid) == [4]
    assert (parts.train_rows, parts.valid_rows, parts.unknown_at_cutoff) == (1, 1, 2)


@settings(deadline=None)
@given(st.lists(st.tuples(EIGHTHS, EIGHTHS), min_size=30, max_size=60))
def test_training_ends_before_validation_begins(days: list[tuple[float, float | None]]) -> None:
    table = orders([(0, 0), (1, 0), (299, 1), *days])
    parts = split(table, SAO_PAULO, local(2018, 6, 1))
    train, valid = parts.train.collect(), parts.valid.collect()
    assert train["delivered_timestamp"].max() < parts.cutoff <= valid["purchase_timestamp"].min()
    assert (train.height, valid.height) == (parts.train_rows, parts.valid_rows)
    assert train.height + valid.height + parts.unknown_at_cutoff == table.collect().height


def test_by_default_about_the_last_fifth_validates() -> None:
    parts = split(orders([(day / 10, 1.0) for day in range(1_000)]), SAO_PAULO)
    assert parts.cutoff == local(2018, 3, 21)
    assert 200 <= parts.valid_rows <= 220


@pytest.mark.parametrize(("cutoff", "part"), [(local(2017, 1, 1), "training"), (local(2019, 1, 1), "validation")])
def test_an_empty_part_is_named_with_what_there_is(cutoff: datetime, part: str) -> None:
    with pytest.raises(NothingToTrain, match=rf"no delivered order is left for {part}.*of 2 delivered orders"):
        split(orders([(0, 5), (3, 5)]), SAO_PAULO, cutoff)


def test_orders_of_one_day_cannot_be_tested_on_later_ones() -> None:
    with pytest.raises(NothingToTrain, match=r"all 2 delivered orders were bought on one day \(2018-01-01\)"):
        split(orders([(0.1, 5), (0.2, 5)]), SAO_PAULO)

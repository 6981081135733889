"""Nothing that trains or measures sees what came after its moment: worlds that agree until then teach the same."""

from datetime import datetime

import numpy as np
import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.orders.names import ENDED
from common.orders.shop.sections import Facts
from support.model_fixtures import PARAMS, SHOP, made_up_history, made_up_places
from support.prepared_data import general_table
from trainer.data.history import DAY, TrainingData
from trainer.data.prepared import history_of
from trainer.evaluation.gate import forecaster
from trainer.model.table import TrainingTable

ROWS = 900
FIRST, LAST = np.datetime64("2017-01-02", "s"), np.datetime64("2017-12-30", "s")
MOMENTS = st.integers(30, 360).map(lambda day: FIRST + day * DAY)
WORLD = general_table(made_up_history(ROWS)).with_columns(pl.lit(None, pl.Datetime("us", "UTC")).alias(ENDED))


def another_future(moment: np.datetime64, seed: int) -> pl.DataFrame:
    """The same world until the moment, and anything after it: orders that were never bought or bought elsewhere, others
    in their place, deliveries that come at another time, or never, cancellations and hand-overs."""
    rng = np.random.default_rng(seed)
    now = pl.lit(moment.astype(datetime)).dt.replace_time_zone("UTC")
    bought_later = pl.col("purchase_timestamp") >= now
    table = WORLD.with_columns(
        chance=pl.Series(rng.random(ROWS)), span=pl.Series(rng.integers(1, 400 * 86_400, ROWS)).cast(pl.Int64)
    )
    some_time_later = now + pl.duration(seconds=pl.col("span"))
    arrives_later = pl.col("delivered_timestamp").is_null() | (pl.col("delivered_timestamp") >= now)
    another = pl.when(pl.col("chance") < 0.6).then(some_time_later)
    return (
        table.filter(~bought_later | (pl.col("chance") < 0.7))
        .with_columns(
            delivered_timestamp=pl.when(arrives_later).then(another).otherwise("delivered_timestamp"),
            shipped_timestamp=pl.when(arrives_later & (pl.col("chance") < 0.3)).then(some_time_later),
            destination_lat=pl.when(bought_later).then(-pl.col("destination_lat")).otherwise("destination_lat"),
            origin_postal_code=pl.when(bought_later).then(pl.lit("00001")).otherwise("origin_postal_code"),
            **{ENDED: pl.when(arrives_later & (pl.col("chance") > 0.9)).then(some_time_later)},
        )
        .drop("chance", "span")
    )


def data_of(table: pl.DataFrame) -> TrainingData:
    shop = SHOP.model_copy(update={"facts": Facts()})
    return TrainingData(history_of(table, shop), shop, made_up_places())


@settings(max_examples=25, deadline=None)
@given(moment=MOMENTS, seed=st.integers(0, 2**32))
def test_what_is_known_at_a_moment_does_not_depend_on_what_comes_later(moment: np.datetime64, seed: int) -> None:
    known, other = (data_of(table).known_at(moment) for table in (WORLD, another_future(moment, seed)))
    assert other.fingerprint == known.fingerprint
    assert known.history.orders.purchase_timestamp.max() < moment
    assert not (known.history.delivered >= moment).any()


@settings(max_examples=10, deadline=None)
@given(moment=MOMENTS)
def test_an_order_that_arrives_later_was_ordered_and_is_under_way(moment: np.datetime64) -> None:
    whole, known = (data_of(WORLD).history, data_of(WORLD).known_at(moment).history)
    before = whole.orders.purchase_timestamp < moment
    assert len(known) == before.sum()
    assert np.isnat(known.delivered).sum() == (before & ~whole.known_at(moment)).sum()


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(day=st.integers(120, 330), seed=st.integers(0, 2**32))
def test_a_forecast_does_not_depend_on_what_comes_after_it(day: int, seed: int) -> None:
    cutoff = FIRST + day * DAY
    forecasts = []
    for table in (WORLD, another_future(cutoff + DAY, seed)):
        data = data_of(table)
        asked = data.history.where(data.history.bought_in(cutoff, cutoff + DAY))
        model = forecaster(TrainingTable.of(data, cutoff), PARAMS, cutoff, seed=0)
        forecasts.append(model.predict(asked.orders))
    one, other = forecasts
    np.testing.assert_array_equal(one.days, other.days)
    np.testing.assert_array_equal(one.upper_days, other.upper_days)

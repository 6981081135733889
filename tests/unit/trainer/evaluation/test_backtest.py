"""The backtest looks at no label before its time, judges every delivered order, and repeats itself."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from common.errors import InvalidInput
from common.model.time_scale import TimeScale
from support.model_fixtures import PARAMS, SHOP, made_up_history, made_up_places, with_hand_overs
from trainer.data.history import DAY, History, TrainingData
from trainer.evaluation.backtest import USUAL_SHARE, backtest, own_on_time_share
from trainer.evaluation.figures import figures, tabulate
from trainer.evaluation.holdouts import folds, gate_holdout
from trainer.evaluation.periods import periods
from trainer.model.calibration import never_share
from trainer.model.fit import fit
from trainer.model.forecast import teaching
from trainer.model.table import TrainingTable

FIRST, LAST = "2017-08", "2017-09"
LAT = np.linspace(-30, -10, 4_000)


def table_of(history: History, until: str = FIRST) -> TrainingTable:
    """What is learned once for all months, as of the first of them."""
    return TrainingTable.of(TrainingData(history, SHOP, made_up_places()), np.datetime64(until, "s"))


@pytest.fixture(scope="module")
def history() -> History:
    return made_up_history(4_000)


def test_the_backtest_judges_each_delivered_order_and_repeats_itself(history: History) -> None:
    table = table_of(history)
    wanted = periods(table, FIRST, LAST)
    once = backtest(table, wanted, PARAMS, 0.9)
    bought = history.orders.purchase_timestamp.astype("datetime64[M]")
    delivered = np.isin(bought, np.array([FIRST, LAST], dtype="datetime64[M]")) & ~np.isnat(history.delivered)
    assert once.height == delivered.sum()
    assert once.equals(backtest(table_of(history), wanted, PARAMS, 0.9))


def test_a_month_is_forecast_without_its_own_labels(history: History) -> None:
    """Deliveries from September on all come a hundred days later: the forecasts of August's orders stay."""
    late = history.delivered >= np.datetime64("2017-09-01")
    changed = replace(
        history, delivered=np.where(late, history.delivered + np.timedelta64(100, "D"), history.delivered)
    )
    august = periods(table_of(history), "2017-08", "2017-08")
    before, after = (backtest(table_of(each), august, PARAMS, 0.9) for each in (history, changed))
    np.testing.assert_array_equal(before["median_days"], after["median_days"])
    np.testing.assert_array_equal(before["three_fact_days"], after["three_fact_days"])
    np.testing.assert_array_equal(before["days"], after["days"])


def test_a_model_learns_only_from_deliveries_known_at_the_cutoff(history: History) -> None:
    cutoff = np.datetime64("2017-07-01", "s")
    learned = teaching(table_of(history), cutoff, PARAMS)
    assert learned.any()
    assert (history.delivered[learned] < cutoff).all()


def test_a_cutoff_before_every_delivery_is_refused_with_the_way_out(history: History) -> None:
    with pytest.raises(InvalidInput, match="choose a later cut-off"):
        fit(table_of(history), np.datetime64("2016-01-01", "s"), PARAMS)


def test_months_without_enough_history_are_refused(history: History) -> None:
    with pytest.raises(InvalidInput, match="--first and --last"):
        periods(table_of(history), "2016-01", "2016-12")


def test_a_month_of_which_only_the_fast_deliveries_are_known_is_not_judged(history: History) -> None:
    early = history.as_of(np.datetime64("2017-12-10", "s"))
    assert periods(table_of(early), None, None)[-1].name == "2017-10"
    assert periods(table_of(early), None, "2017-11")[-1].name == "2017-11"


def test_where_a_month_has_few_orders_quarters_are_judged() -> None:
    (quarter,) = periods(table_of(made_up_history(330)), "2017-10", "2017-12")
    assert (quarter.name, quarter.end) == ("2017-10", np.datetime64("2018-01-01", "s"))


def test_orders_count_as_lost_only_when_older_than_nearly_all_that_arrived(history: History) -> None:
    slow = replace(history, delivered=history.orders.purchase_timestamp + 60 * DAY)
    scale = TimeScale(4.0)
    assert scale.lost < 60
    assert never_share(slow, scale, np.datetime64("2017-09-01", "s")) == 0
    lost = np.where(np.arange(len(slow)) % 10 == 0, np.datetime64("NaT", "s"), slow.delivered)
    assert never_share(replace(slow, delivered=lost), scale, np.datetime64("2017-12-01", "s")) == pytest.approx(
        0.1, abs=0.01
    )


def test_the_figures_have_the_contracts_keys(history: History) -> None:
    table = table_of(history)
    wanted = periods(table, FIRST, LAST)
    forecasts = backtest(table, wanted, PARAMS, own_on_time_share(history, wanted))
    values = figures(forecasts, "made-up")
    keys = {"mae_ratio", "rmse_ratio", "coverage", "mean_width_days", "promise_days_vs_olist", "on_time_share"}
    assert keys | {"worst_month_mae_ratio", "coverage_worst_month", "months"} <= values.keys()
    assert [month["month"] for month in values["months"]] == [FIRST, LAST]
    assert all(keys <= month.keys() for month in values["months"])
    assert values["worst_month_mae_ratio"] >= values["mae_ratio"] > 0
    assert set(tabulate(forecasts)["month"]) == {FIRST, LAST, "pooled"}


def test_a_shop_without_the_three_facts_or_promises_is_measured_against_its_median(history: History) -> None:
    bare = replace(
        history,
        orders=replace(
            history.orders, texts={}, numbers={**history.orders.numbers, "origin_lat": LAT, "origin_lng": LAT}
        ),
        promised_days=np.full(len(history), np.nan),
    )
    table = table_of(bare)
    wanted = periods(table, FIRST, FIRST)
    share = own_on_time_share(bare, wanted)
    values = figures(backtest(table, wanted, PARAMS, share), "bare")
    assert (share, values["shop"]) == (USUAL_SHARE, "bare")
    assert values["mae"] < values["median_mae"]
    none = ("mae_ratio", "rmse_ratio", "mae_vs_promise", "promise_days_vs_olist", "olist_on_time_share")
    assert [values[name] for name in none] == [None] * 5
    assert values["worst_month_mae_ratio"] is None
    assert values["on_time_share"] > 0


def test_the_search_never_sees_the_gates_holdout(history: History) -> None:
    scale = TimeScale(10.0)
    holdouts = folds(history, scale)
    assert all(earlier.end <= later.start for earlier, later in pairwise(holdouts))
    assert holdouts[-1].end <= gate_holdout(history, scale).start


def test_what_is_known_later_is_judged_too(history: History) -> None:
    known = with_hand_overs(history)
    early = replace(known, promised_days=known.days - 4 + 8 * np.random.default_rng(0).random(len(known)))
    table = table_of(early)
    values = figures(backtest(table, periods(table, FIRST, LAST), PARAMS, 0.9), "made-up")
    assert values["after_shipping_mae_ratio"] < 1
    assert 0 < values["under_way_share_error"] < 0.5
    assert {*values["under_way_shares"]} >= {"aged_half", "then_once"}
    assert values["at_risk_missed_share"] < values["at_risk_average_precision"] <= 1
    assert sum(each["orders"] for each in values["at_risk_curve"]) == values["at_risk_orders"]
    without = table_of(replace(history, promised_days=np.full(len(history), np.nan)))
    bare = figures(backtest(without, periods(without, FIRST, LAST), PARAMS, 0.9), "made-up")
    assert bare["after_shipping_mae_ratio"] is None
    assert bare["at_risk_average_precision"] is None
    assert bare["under_way_share_error"] is not None

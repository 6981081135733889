"""The gate compares on orders that neither model has learned from, and lets a retrained model win if it is better."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from common.model.bundle import Bundle
from common.model.time_scale import TimeScale
from support.model_fixtures import PARAMS, SHOP, made_up_history, made_up_places, with_hand_overs
from trainer.data.history import DAY, History, TrainingData, end_of
from trainer.evaluation.gate import Evaluation, cutoff_of, judge
from trainer.evaluation.holdouts import gate_holdout, holdout_days
from trainer.model.bundling import write_bundle
from trainer.model.fit import fit
from trainer.model.table import TrainingTable

CHANGE = np.datetime64("2017-07-01", "s")
"""From here on the far orders arrive first and the near ones last."""


@pytest.fixture(scope="module")
def table() -> TrainingTable:
    history = made_up_history(4_000)
    turned = (history.orders.purchase_timestamp >= CHANGE)[:, None] & ~np.isnat(history.delivered)[:, None]
    days = np.where(turned[:, 0], np.maximum(34 - history.days, 1), history.days)
    delivered = history.orders.purchase_timestamp + (np.nan_to_num(days) * 86_400).astype("timedelta64[s]")
    delivered[np.isnat(history.delivered)] = np.datetime64("NaT")
    return table_of(replace(history, delivered=delivered, promised_days=history.promised_days + 40))


def table_of(history: History) -> TrainingTable:
    return TrainingTable.of(TrainingData(history, SHOP, made_up_places()))


def champion_of(table: TrainingTable, cutoff: np.datetime64, folder: Path) -> Bundle:
    return write_bundle(folder, fit(table, cutoff, PARAMS), table, {}, "made up")


def judged(table: TrainingTable, champion: Bundle) -> Evaluation:
    return judge(TrainingData(table.history, SHOP, made_up_places()), PARAMS, champion)


def beaten(evaluation: Evaluation) -> bool:
    return not any("the champion's" in objection for objection in evaluation.objections)


def test_half_of_what_the_champion_could_not_know_teaches_and_half_judges(table: TrainingTable) -> None:
    history, scale = table.history, table.scale
    whole, end = holdout_days(history, scale), gate_holdout(history, scale).end
    judged_days = {
        unseen: (end - gate_holdout(history, scale, end - unseen * DAY).start) / DAY
        for unseen in (2 * whole - 10, 500, whole // 2)
    }
    assert list(judged_days.values()) == [whole - 5, whole, whole]


@pytest.mark.parametrize(("median", "days"), [(10.0, 60), (4.0, 24), (0.02, 14), (100.0, 125)])
def test_a_holdout_is_some_typical_deliveries_long(median: float, days: int) -> None:
    history = made_up_history(500)
    long = replace(history, orders=replace(history.orders, purchase_timestamp=spread_over(1_000, 500)))
    assert holdout_days(long, TimeScale.of_median(median)) == days
    assert holdout_days(history, TimeScale.of_median(median)) <= 365 / 8


def spread_over(days: int, rows: int) -> np.ndarray:
    seconds = np.linspace(0, days * 86_400, rows).astype("timedelta64[s]")
    return np.datetime64("2016-01-01", "s") + seconds


def test_a_model_retrained_after_the_world_changed_wins_with_the_same_parameters(
    table: TrainingTable, tmp_path: Path
) -> None:
    champion = champion_of(table, CHANGE, tmp_path / "bundle")
    evaluation = judged(table, champion)
    assert beaten(evaluation), evaluation.objections
    assert evaluation.holdout.start > cutoff_of(champion)


def test_a_champion_that_has_seen_the_window_is_compared_at_its_age(table: TrainingTable, tmp_path: Path) -> None:
    """It is a month old, so it is judged as it would have forecast a month before the window: far worse than fresh."""
    history = table.history
    month_old = end_of(history) - 30 * DAY
    champion = champion_of(table, month_old, tmp_path / "bundle")
    evaluation = judged(table, champion)
    assert evaluation.holdout == gate_holdout(history, table.scale)
    assert beaten(evaluation), evaluation.objections


def test_with_nothing_new_to_learn_the_same_parameters_do_not_win(table: TrainingTable, tmp_path: Path) -> None:
    champion = champion_of(table, end_of(table.history), tmp_path / "bundle")
    evaluation = judged(table, champion)
    assert not beaten(evaluation)
    assert evaluation.metrics["mae"] == evaluation.metrics["mae_of_champion"]


def data_of(history: History) -> TrainingData:
    return TrainingData(history, SHOP, made_up_places())


def test_the_second_model_is_kept_where_it_helps_and_must_not_be_worse_than_the_champion_s(tmp_path: Path) -> None:
    history = with_hand_overs(made_up_history(3_000))
    end = gate_holdout(history, TimeScale.of_median(14.0)).start
    good = judge(data_of(history), PARAMS, None)
    assert good.hand_overs_help
    assert good.metrics["mae_after_hand_over"] < good.metrics["mae_at_purchase_of_these"]
    champion = champion_of(table_of(history), end, tmp_path / "champion")
    assert history.shipped is not None
    rng = np.random.default_rng(5)
    noise = rng.permutation((history.shipped - history.orders.purchase_timestamp).astype(np.int64))
    taught = history.shipped < end
    shuffled = np.where(taught, history.orders.purchase_timestamp + noise.astype("timedelta64[s]"), history.shipped)
    worse = judge(data_of(replace(history, shipped=shuffled)), PARAMS, champion)
    assert any("after the hand-over, MAE" in objection for objection in worse.objections), worse.objections
    none = judge(data_of(replace(history, shipped=None)), PARAMS, None)
    assert not none.hand_overs_help


def test_made_up_orders_take_no_real_champion_s_place(table: TrainingTable, tmp_path: Path) -> None:
    real, made_up = (
        TrainingData(table.history, SHOP.model_copy(update={"synthetic": synthetic}), made_up_places())
        for synthetic in (False, True)
    )
    champion = champion_of(TrainingTable.of(real), CHANGE, tmp_path / "bundle")
    objections = [judge(data, PARAMS, champion).objections for data in (real, made_up)]
    assert ["made up" in " ".join(each) for each in objections] == [False, True]


@pytest.mark.parametrize("barred", [True, False])
def test_a_promise_that_was_revised_later_is_shown_but_need_not_be_beaten(barred: bool) -> None:
    history = made_up_history(1_500)
    shop = SHOP.model_copy(update={"promise_barred": barred})
    revised = replace(history, promised_days=history.days)
    evaluation = judge(TrainingData(revised, shop, made_up_places()), PARAMS, None)
    assert evaluation.metrics["mae_of_shops_promise"] == 0
    assert any("the shop's promise" in objection for objection in evaluation.objections) is not barred

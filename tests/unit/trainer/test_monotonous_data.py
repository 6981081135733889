"""Orders that hardly differ make a sound model, or one line that says why there can be none."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from common.errors import InvalidInput
from common.orders.orders import Orders
from support.model_fixtures import PARAMS, SHOP, made_up_history, made_up_places
from trainer.data.history import NO_PLACES, History, TrainingData, end_of
from trainer.evaluation.card import model_card
from trainer.evaluation.gate import judge
from trainer.evaluation.parity import TOLERANCE_DAYS, parity
from trainer.evaluation.plots import plot_holdout
from trainer.model.bundling import write_bundle
from trainer.model.fit import fit
from trainer.model.table import TrainingTable
from trainer.search.trial import Task, try_params

ROWS = 2_000


@pytest.fixture
def history() -> History:
    return made_up_history(ROWS)


def on_time(history: History) -> History:
    """Every delivery takes five days."""
    delivered = history.orders.purchase_timestamp + np.timedelta64(5, "D")
    return replace(history, delivered=np.where(np.isnat(history.delivered), history.delivered, delivered))


def of_columns(history: History, **columns: Any) -> History:
    given = {name: [value] * ROWS for name, value in columns.items()}
    orders = Orders.of_columns(given | {"purchase_timestamp": history.orders.purchase_timestamp})
    return replace(history, orders=orders)


def at_one_place(history: History) -> History:
    return of_columns(history, origin_postal_code="01001", destination_lat=-23.5, destination_lng=-46.6)


def with_a_country_alone(history: History) -> History:
    return of_columns(history, origin_country="BR", destination_country="BR")


def one_place() -> pl.DataFrame:
    return made_up_places().filter(pl.col("postal_code") == "01001")


@pytest.mark.parametrize(
    ("change", "places"),
    [
        (on_time, made_up_places),
        (at_one_place, made_up_places),
        (at_one_place, one_place),
        (at_one_place, NO_PLACES.clone),
        (with_a_country_alone, NO_PLACES.clone),
    ],
    ids=["constant delivery times", "one place to go", "one place at all", "no places file", "countries alone"],
)
def test_orders_that_hardly_differ_are_learned_from_and_judged(
    history: History, change: Callable[[History], History], places: Callable[[], pl.DataFrame], tmp_path: Path
) -> None:
    data = TrainingData(change(history), SHOP, places())
    table = TrainingTable.of(data)
    values = {"depth": 4, "learning_rate": 0.2, "l2_leaf_reg": 3, "history_days": 700, "half_life_days": 300}
    assert try_params(values, Task.of(data, seed=0, threads=2)).failure is None
    evaluation = judge(data, PARAMS, champion=None)
    assert evaluation.metrics["mae"] < 6
    model = fit(table, end_of(data.history), PARAMS)
    bundle = write_bundle(tmp_path / "bundle", model, table, evaluation.metrics, "made up")
    assert parity(bundle, evaluation.judged) < TOLERANCE_DAYS
    assert "Delivery time" in model_card(evaluation, model, table, "made up")
    assert plot_holdout(tmp_path, evaluation)


def test_orders_that_do_not_differ_at_all_are_refused_in_one_line(history: History) -> None:
    same = at_one_place(on_time(history))
    mondays = np.datetime64("2017-01-02T10:00:00", "s") + np.arange(ROWS) % 52 * np.timedelta64(7, "D")
    orders = replace(same.orders, purchase_timestamp=np.sort(mondays))
    alike = on_time(replace(same, orders=orders, delivered=same.orders.purchase_timestamp))
    table = TrainingTable.of(TrainingData(alike, SHOP, made_up_places()))
    with pytest.raises(
        InvalidInput, match=r"all \d+ orders to learn from .*: there is nothing to learn, widen the data"
    ):
        fit(table, end_of(alike), PARAMS)

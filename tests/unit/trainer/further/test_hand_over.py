"""The second model learns the time from hand-over, where the history has enough hand-overs to learn from."""

from dataclasses import replace

import numpy as np
import pytest

from support.model_fixtures import PARAMS, SHOP, made_up_history, made_up_places, with_hand_overs
from trainer.data.history import DAY, History, TrainingData, end_of
from trainer.evaluation.gate import forecaster
from trainer.model.fit import FEWEST_HAND_OVERS, fit
from trainer.model.further.hand_over import from_hand_over, handed_over
from trainer.model.table import TrainingTable

CUTOFF = np.datetime64("2017-10-01", "s")


@pytest.fixture(scope="module")
def history() -> History:
    """Half of an order's time, more or less, is spent before its hand-over."""
    return with_hand_overs(made_up_history(3_000))


def table_of(history: History) -> TrainingTable:
    return TrainingTable.of(TrainingData(history, SHOP, made_up_places()))


def test_after_the_hand_over_the_forecast_is_nearer(history: History) -> None:
    predictor = forecaster(table_of(history), PARAMS, CUTOFF, seed=0)
    judged = history.where(history.bought_in(CUTOFF, CUTOFF + 60 * DAY) & ~np.isnat(history.delivered))
    at_purchase = predictor.predict(judged.orders).days
    then = predictor.predict(replace(judged.orders, later={"shipped_timestamp": judged.shipped})).days
    assert np.abs(then - judged.days).mean() < 0.95 * np.abs(at_purchase - judged.days).mean()


def test_the_first_model_is_the_same_with_and_without_hand_overs(history: History) -> None:
    with_them, without = (
        forecaster(table_of(each), PARAMS, CUTOFF, seed=0) for each in (history, replace(history, shipped=None))
    )
    np.testing.assert_array_equal(with_them.predict(history.orders).days, without.predict(history.orders).days)
    assert not without.knows_hand_overs


def test_hand_overs_that_cannot_be_teach_nothing(history: History) -> None:
    assert history.shipped is not None
    shipped = history.shipped.copy()
    shipped[0], shipped[1], shipped[2] = history.orders.purchase_timestamp[0] - DAY, history.delivered[1] + DAY, "NaT"
    assert not handed_over(replace(history, shipped=shipped))[:3].any()


def test_a_few_hand_overs_make_no_second_model(history: History) -> None:
    assert history.shipped is not None
    few = np.where(np.arange(len(history)) < FEWEST_HAND_OVERS - 1, history.shipped, np.datetime64("NaT", "s"))
    assert fit(table_of(replace(history, shipped=few)), end_of(history), PARAMS).after_hand_over is None


def test_a_model_looks_at_no_hand_over_after_its_cutoff(history: History) -> None:
    assert history.shipped is not None
    known = history.as_of(CUTOFF)
    assert known.shipped is not None
    assert not (known.shipped >= CUTOFF).any()
    here, there = (forecaster(table_of(each), PARAMS, CUTOFF, seed=0) for each in (known, blind(history)))
    asked = replace(known.orders, later={"shipped_timestamp": known.orders.purchase_timestamp + 2 * DAY})
    np.testing.assert_array_equal(here.predict(asked).days, there.predict(asked).days)


def blind(history: History) -> History:
    """The same up to the cut-off, and other hand-overs from then on."""
    known = history.as_of(CUTOFF)
    assert known.shipped is not None
    return replace(known, shipped=np.where(np.isnat(known.shipped), CUTOFF + DAY, known.shipped))


def test_the_table_begins_at_the_hand_over(history: History) -> None:
    then = from_hand_over(table_of(history))
    assert then is not None
    assert history.shipped is not None
    np.testing.assert_array_equal(then.history.days, (history.delivered - history.shipped) / DAY)
    assert then.feature_names[-2:] == ("handling_days", "hand_over_hour")
    assert then.columns.shape[1] == len(then.feature_names)

"""The backtest judges what would have been registered then, and says what each fact and the promise are worth."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from common.orders.shop.sections import Facts
from support.model_fixtures import SHOP, made_up_history
from trainer.data.history import TrainingData, end_of
from trainer.evaluation.worth import worth_told, worths
from trainer.search import useful_facts
from trainer.search.useful_facts import with_facts_useful_then

WITH_FACTS = SHOP.model_copy(update={"facts": Facts(numeric=("weight", "items"), category=("carrier",))})
MAES = {("weight", "carrier"): 2.0, ("carrier",): 2.5, ("weight",): 2.25, ("weight", "items", "carrier"): 2.125}
"""Of models of these facts; that of the first is in use."""


@pytest.fixture
def data() -> TrainingData:
    return TrainingData(made_up_history(300), WITH_FACTS, used=Facts(numeric=("weight",), category=("carrier",)))


def mae_without(other: TrainingData) -> float:
    return MAES[(*other.facts.numeric, *other.facts.category)]


def forecasts(unpromised: list[float]) -> pl.DataFrame:
    return pl.DataFrame({"actual_days": [10.0, 10.0], "days": [8.0, 12.0], "unpromised_days": unpromised})


def test_a_fact_is_worth_what_the_error_grows_by_without_it_used_or_not(data: TrainingData) -> None:
    found = worths(data, forecasts([np.nan, np.nan]), mae_without)
    assert found["facts"] == {"weight": 0.5, "items": -0.125, "carrier": 0.25}
    assert found["facts_used"] == ["weight", "carrier"]
    assert list(worth_told({"mae": 2.0, **found})) == [
        "fact weight: without it the MAE is 2.5 days (+0.5)",
        "fact items: not used, as it did not help before; with it the MAE is 2.125 days",
        "fact carrier: without it the MAE is 2.25 days (+0.25)",
    ]


@pytest.mark.parametrize(
    ("unpromised", "said"),
    [
        ([8.0, 14.0], ["the shop's promise: an input for 50% of the orders; without it the MAE is 3 days (+1)"]),
        ([8.0, 12.0], ["the shop's promise: no input in any month, as it did not help before"]),
        ([np.nan, np.nan], []),
    ],
    ids=["helps", "unused", "none"],
)
def test_the_promise_is_worth_what_the_error_grows_by_without_it(
    data: TrainingData, unpromised: list[float], said: list[str]
) -> None:
    none = replace(data, shop=SHOP)
    assert list(worth_told({"mae": 2.0, **worths(none, forecasts(unpromised), mae_without)})) == said


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[TrainingData]]:
    """What the choice of facts is shown; it takes one."""
    seen: list[TrainingData] = []

    def chosen(data: TrainingData, _seed: int) -> TrainingData:
        seen.append(data)
        return data.without("items").without("carrier")

    monkeypatch.setattr(useful_facts, "with_useful_facts", chosen)
    return seen


def test_facts_are_chosen_by_what_was_known_before_the_first_month(
    data: TrainingData, asked: list[TrainingData]
) -> None:
    moment = np.datetime64("2017-06-01", "s")
    served = with_facts_useful_then(data, moment)
    assert served.facts == Facts(numeric=("weight",))
    assert served.history is data.history
    (known,) = asked
    assert 0 < len(known.history) < len(data.history)
    assert end_of(known.history) <= moment

"""What the inputs of a model are worth: each of the shop's facts, and the shop's own promise."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from common.model.quality import mae
from common.orders.shop.sections import Facts
from trainer.data.history import TrainingData


def worths(data: TrainingData, forecasts: pl.DataFrame, mae_without: Callable[[TrainingData], float]) -> dict[str, Any]:
    """By how many days the MAE is higher without each declared fact, used or not, and without the shop's promise.

    forecasts: of the facts in use, see `trainer.evaluation.backtest`. mae_without: that of a model of other facts.
    facts_used: their names. promise_worth, promise_used (share of the orders): None where no promise can be an input.
    """
    actual, days, unpromised = (forecasts[name].to_numpy() for name in ("actual_days", "days", "unpromised_days"))
    ours, used = mae(actual, days), _names(data.facts)
    facts = {
        name: mae_without(data.without(name)) - ours if name in used else ours - mae_without(_with(data, name))
        for name in _names(data.shop.facts)
    }
    worth: dict[str, Any] = {"facts": facts, "facts_used": used, "promise_worth": None, "promise_used": None}
    if not np.isnan(unpromised).all():
        worth |= {"promise_worth": mae(actual, unpromised) - ours, "promise_used": float((days != unpromised).mean())}
    return worth


def worth_told(values: Mapping[str, Any]) -> Iterator[str]:
    """Sentences about `worths`, of the backtest's figures."""
    ours = values["mae"]
    for name, worth in values["facts"].items():
        if name in values["facts_used"]:
            yield f"fact {name}: without it the MAE is {ours + worth:.4g} days ({worth:+.2g})"
        else:
            yield f"fact {name}: not used, as it did not help before; with it the MAE is {ours - worth:.4g} days"
    if values["promise_used"]:
        yield (
            f"the shop's promise: an input for {values['promise_used']:.0%} of the orders; without it the MAE is "
            f"{ours + values['promise_worth']:.4g} days ({values['promise_worth']:+.2g})"
        )
    elif values["promise_used"] is not None:
        yield "the shop's promise: no input in any month, as it did not help before"


def _names(facts: Facts) -> list[str]:
    return [*facts.numeric, *facts.category]


def _with(data: TrainingData, fact: str) -> TrainingData:
    """The same data for a model that uses a fact more."""
    kinds = ((data.shop.facts.numeric, data.facts.numeric), (data.shop.facts.category, data.facts.category))
    numeric, category = (tuple(name for name in all_ if name in (*used, fact)) for all_, used in kinds)
    return replace(data, used=Facts(numeric=numeric, category=category))

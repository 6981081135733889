"""What the trees see of texts: how long an order usually takes for its carrier, its country, alone.

Trees know numbers only. Where an end has no coordinates, or a fact is a text, the mean error against the median, shrunk
towards 0 where there are few, stands in its place (target encoding: Micci-Barreca 2001). An order that teaches sees the
means of the other half of the orders, never its own days.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.arrays import Bools, Floats
from common.model.effects import Usual
from common.model.features import USUAL_COLUMN
from common.orders.places import NOWHERE, Indexes
from trainer.model.effects import FEWEST_OF_VALUE, MOST_VALUES, shrunken
from trainer.model.located import Located
from trainer.model.table import TrainingTable

PRIOR = 5.0
"""Deliveries that weigh as much as the prior that a text says nothing. 2 to 20 differ little."""

SPREAD = 3.0
"""Median absolute errors, to which the days are clipped before their mean is taken."""


@dataclass(frozen=True)
class Inputs:
    """What the trees of a fit see: float32 (N, features) for all N orders, their names, and where the last came from.

    first: the half of the learned orders that the other half's means were put in for.
    """

    columns: NDArray[np.float32]
    names: tuple[str, ...]
    usual: Usual
    first: Bools


def inputs_of(table: TrainingTable, learned: Bools, weight: Floats, seed: int) -> Inputs:
    """The inputs of a fit on the learned orders. weight: of all N orders."""
    first = learned & _first_half(table, seed)
    usual = learn_usual(table, learned, weight)
    if not usual.names:
        return Inputs(table.columns, table.feature_names, usual, first)
    columns = np.hstack([table.columns, _columns(usual, table.located)])
    for half, other in ((first, learned & ~first), (learned & ~first, first)):
        of_other = learn_usual(table, other, weight)
        columns[half, len(table.feature_names) :] = _columns(of_other, table.located.where(half))
    return Inputs(columns, (*table.feature_names, *map(USUAL_COLUMN.format, usual.names)), usual, first)


def learn_usual(table: TrainingTable, learned: Bools, weight: Floats) -> Usual:
    """The means of the learned orders, by whatever the coordinates do not say."""
    located = table.located
    target = table.target[learned]
    error = target - np.median(target) if len(target) else target
    most = SPREAD * float(np.median(np.abs(error))) if len(error) else 0.0
    error = np.clip(error, -most, most)

    def means(index: Indexes, count: int) -> Floats:
        told = index[learned] != NOWHERE
        return shrunken(index[learned][told], error[told], weight[learned][told], count, PRIOR)

    places = len(located.geography.places.keys)
    ends = {
        name: means(end.place, places)
        for name, end in (("origin", located.origin), ("destination", located.destination))
        if name in table.unlocated
    }
    facts = {}
    for name, texts in located.categories.items():
        counts = np.bincount(texts.index[learned & (texts.index >= 0)], minlength=len(texts.values))
        found = means(texts.index, len(texts.values))
        most_frequent = np.argsort(-counts, kind="stable")[:MOST_VALUES].tolist()
        facts[name] = {
            texts.values[value]: float(found[value]) for value in most_frequent if counts[value] >= FEWEST_OF_VALUE
        }
    return Usual(**ends, facts=facts)


def _first_half(table: TrainingTable, seed: int) -> Bools:
    """Half of the orders, whole days each: lines of one order, or of one load, share their fate, and would tell it."""
    day = table.local.astype("datetime64[D]").astype(np.int64)
    day -= day.min()
    halves: Bools = np.random.default_rng(seed).random(day.max() + 1)[day] < 0.5
    return halves


def _columns(usual: Usual, located: Located) -> NDArray[np.float32]:
    columns = usual.of(located.origin, located.destination, located.categories)
    return np.column_stack(columns).astype(np.float32)

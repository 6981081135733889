"""What origins, destinations, routes and facts add to the trees' forecast: parent first, each from what is left.

Empirical Bayes: the mean error of a level's orders is shrunk towards 0, its parent's value, by the weight of a prior
(Efron & Morris 1975). Habits change, so an order's weight halves with age.

Tried and dropped, because the backtest gained nothing: an effect of carrier and service together, beside those of each.
"""

import numpy as np
from numpy.typing import NDArray

from common.arrays import Bools, Floats
from common.model.effects import NONE, Effects
from common.orders.places import NOWHERE, Indexes
from common.orders.texts import Texts
from trainer.model.located import Located

HALF_LIFE_DAYS = 75.0
"""The age over which a delivery's weight halves. 60 to 180 differ little."""

ORIGIN_PRIOR = 8.0
"""Deliveries that weigh as much as the prior that an origin is like all others. 5 to 20 differ little."""

FURTHER_PRIOR = 30.0
"""The same of destinations, routes and facts, which the trees see in part."""

FEWEST_OF_VALUE = 5
"""A fact's value with fewer deliveries has no effect of its own."""

MOST_VALUES = 10_000


def learn_effects(every: Located, learned: Bools, error: Floats, weight: Floats) -> Effects:
    """The effects, from the errors of the learned among N orders (log days) by a model that did not learn from them.

    error, weight: of the learned, in order.
    """
    left = error.copy()

    def level(index: Indexes, count: int, prior: float) -> Floats:
        known = index >= 0
        if not known.any():
            return NONE
        found = shrunken(index[known], left[known], weight[known], count, prior)
        left[:] -= found[index]
        return found

    located = every.where(learned)
    origin, destination = located.origin, located.destination
    places, cells = len(located.geography.places.keys), len(located.geography.regions.cells)
    regions = len(located.geography.regions.names) + 1
    by_area = level(located.origin_area, places, ORIGIN_PRIOR)
    named = np.where(origin.place == located.origin_area, NOWHERE, origin.place)
    by_origin = _with_parents(level(named, places, ORIGIN_PRIOR), by_area, every)
    by_cell = NONE if origin.known.any() else level(origin.cell, cells, ORIGIN_PRIOR)
    between = origin.region * regions + destination.region
    between = np.where((origin.region >= 0) & (destination.region >= 0), between, NOWHERE)
    route = level(between, regions * regions, FURTHER_PRIOR)
    return Effects(
        origin=by_origin,
        origin_cell=by_cell,
        route=route if route is NONE else route[:-1].reshape(regions, regions),
        destination=level(destination.place, places, FURTHER_PRIOR),
        destination_cell=level(destination.cell, cells, FURTHER_PRIOR),
        facts={
            name: _by_value(texts, level(texts.index, len(texts.values), FURTHER_PRIOR))
            for name, texts in located.categories.items()
        },
    )


def _with_parents(own: Floats, by_area: Floats, every: Located) -> Floats:
    """The effect of each place: an area's, and a named origin's on top of its area's."""
    if own is NONE:
        return by_area
    area_of = np.full(len(by_area), NOWHERE, dtype=np.int32)
    area_of[every.origin.place] = every.origin_area
    is_named = (area_of != NOWHERE) & (area_of != np.arange(len(area_of)))
    return by_area + np.where(is_named, own + by_area[area_of], 0.0)


def _by_value(texts: Texts, effects: Floats) -> dict[str, float]:
    counts = np.bincount(texts.index[texts.index >= 0], minlength=len(texts.values))
    most = np.argsort(-counts, kind="stable")[:MOST_VALUES].tolist()
    return {texts.values[value]: float(effects[value]) for value in most if counts[value] >= FEWEST_OF_VALUE}


def shrunken(index: NDArray[np.integer], error: Floats, weight: Floats, count: int, prior: float) -> Floats:
    """Shrunken mean error of each of `count` levels, and 0 at the end for an unknown one: float64 (count + 1,)."""
    total = np.bincount(index, weight * error, count)
    return np.append(total / (np.bincount(index, weight, count) + prior), 0.0)

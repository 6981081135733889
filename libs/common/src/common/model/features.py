"""The feature contract: located orders to model columns. The one implementation for training, real time and batch.

Tried and dropped, because the backtest gained nothing: hour of day where days pass, month, postal code as a number,
pace as a column, weight, price and freight, holidays ahead (they are in `common.model.working_time`), the history of
the customer's zip area, the seller's hand-over times. Levels that lost or drew: windows of 14 and 35 days, current
hazards instead of cohorts, ages scaled by the expected days, more weight for newer orders, groups shrunk towards all.
Payment by boleto takes 0.2 % off the MAE, but a shop learns of the payment after it has promised.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from common.arrays import Bools, Floats
from common.model.geography import Ends, OneEnd
from common.orders.distances import EARTH_RADIUS_KM, great_circle_km
from common.orders.fields import Fact
from common.orders.places import NOWHERE

FEATURE_NAMES = (
    "destination_lat",
    "destination_lng",
    "origin_lat",
    "origin_lng",
    "distance_km",
    "same_region",
    "weekday",
)
"""Of every shop; behind them stand those of `Further`, then those of `common.model.effects.Usual`."""

NO_STAND_INS: Mapping[str, float] = MappingProxyType({})

HOUR = "hour"
FACT_COLUMN = "facts.{}"
USUAL_COLUMN = "usual.{}"

HOUR_LONG = np.timedelta64(3_600, "s")
EPOCH_WEEKDAY = 3
"""1970-01-01 was a Thursday; Monday is 0."""


@dataclass(frozen=True, slots=True)
class Further:
    """Which columns a shop's model has behind those of every shop. hour: of the purchase. facts: numbers by name.

    stand_ins: what an order that lacks a fact is taken to have, by name, where next to none of the learned orders did:
    trees that have never seen it missing would take it for the lowest of all.
    """

    hour: bool = False
    facts: tuple[str, ...] = ()
    stand_ins: Mapping[str, float] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return (*((HOUR,) if self.hour else ()), *map(FACT_COLUMN.format, self.facts))

    @classmethod
    def among(cls, names: Sequence[str], stand_ins: Mapping[str, float] = NO_STAND_INS) -> "Further":
        """The inverse, from the names of all columns of a model."""
        prefix = FACT_COLUMN.format("")
        facts = tuple(name.removeprefix(prefix) for name in names if name.startswith(prefix))
        return cls(HOUR in names, facts, stand_ins)

    def number(self, name: str, fact: Fact) -> float:
        """A fact of one order as its column has it, NaN where that is unknown."""
        return float(fact) if isinstance(fact, int | float) else self.stand_ins.get(name, math.nan)

    def numbers(self, name: str, given: Mapping[str, Floats]) -> Floats | float:
        """The same of n orders, from their numbers by name."""
        stand_in, numbers = self.stand_ins.get(name, math.nan), given.get(name)
        if numbers is None or math.isnan(stand_in):
            return stand_in if numbers is None else numbers
        return np.where(np.isnan(numbers), stand_in, numbers)


NOTHING_FURTHER = Further()


def same_region(origin: Ends, destination: Ends) -> Bools:
    """Which of n orders stay within a known region."""
    return (origin.region == destination.region) & (origin.region != NOWHERE)


def features(
    origin: Ends,
    destination: Ends,
    same: Bools,
    purchase: NDArray[np.datetime64],
    numbers: Mapping[str, Floats],
    further: Further = NOTHING_FURTHER,
    usual: Sequence[Floats] = (),
) -> NDArray[np.float32]:
    """Model columns of n orders: float32 (n, columns), NaN where unknown.

    purchase: as on the shop's clock. numbers: by name. usual: the columns of `common.model.effects.Usual`.
    """
    names = (*FEATURE_NAMES, *further.names)
    columns = np.empty((len(purchase), len(names) + len(usual)), dtype=np.float32)
    columns[:, 0] = destination.lat
    columns[:, 1] = destination.lng
    columns[:, 2] = origin.lat
    columns[:, 3] = origin.lng
    columns[:, 4] = great_circle_km(destination.lat, destination.lng, origin.lat, origin.lng)
    columns[:, 5] = same
    columns[:, 6] = (purchase.astype("datetime64[D]").astype(np.int64) + EPOCH_WEEKDAY) % 7
    if further.hour:
        columns[:, len(FEATURE_NAMES)] = (purchase - purchase.astype("datetime64[D]")) / HOUR_LONG
    for position, name in enumerate(further.facts, len(FEATURE_NAMES) + further.hour):
        columns[:, position] = further.numbers(name, numbers)
    for position, values in enumerate(usual, len(names)):
        columns[:, position] = values
    return columns


def features_of_one(
    origin: OneEnd,
    destination: OneEnd,
    same: bool,
    purchase: datetime,
    given: Mapping[str, Fact] | None,
    further: Further = NOTHING_FURTHER,
    usual: Sequence[float] = (),
) -> list[float]:
    """The same for one order. Plain floats: an array of length 1 costs as much per operation as one of a thousand."""
    phi1, phi2 = math.radians(destination.lat), math.radians(origin.lat)
    half_chord = (
        math.sin((phi2 - phi1) / 2) ** 2
        + math.cos(phi1) * math.cos(phi2) * math.sin(math.radians(origin.lng - destination.lng) / 2) ** 2
    )
    km = 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(half_chord))
    values = [destination.lat, destination.lng, origin.lat, origin.lng, km, float(same), float(purchase.weekday())]
    if further.hour:
        values.append(purchase.hour + purchase.minute / 60 + purchase.second / 3_600)
    if further.facts:
        values += [further.number(name, given.get(name) if given else None) for name in further.facts]
    if usual:
        values += usual
    return values

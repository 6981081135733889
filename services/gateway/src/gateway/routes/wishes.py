"""What the orders of one request ask for beside their days: promises, and the probability of a date."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from common.arrays import Floats
from common.errors import InvalidInput
from common.model.answers.further import PROBABILITY, PROBABILITY_DECIMALS
from common.model.predictor import Predictor
from common.model.uncertainty.distribution import Distributions
from common.orders.clock import Clock
from common.orders.logged import PROMISES
from common.orders.promises import MOST_SHARES, days_until

Promised = Sequence[tuple[float, float]]
"""The on-time share and the days of each promise."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """purchases: seconds since 1970, UTC, of all orders. shares: on-time shares, by_days: days until `deliver_by`, by
    the rows of those that ask."""

    purchases: Sequence[int]
    shares: dict[int, Sequence[float]]
    by_days: dict[int, float]

    @classmethod
    def of(cls, given: Mapping[str, Sequence[Any]], purchases: Sequence[int], clock: Clock) -> "Wishes":
        """Of n orders by their fields, bought at so many seconds since 1970, UTC; InvalidInput names the one that is to
        arrive before it is bought."""
        shares = {row: each for row, each in enumerate(given.get("on_time_share", ())) if each}
        by_days = {}
        for row, deliver_by in enumerate(given.get("deliver_by", ())):
            if deliver_by is not None:
                try:
                    by_days[row] = days_until(deliver_by, _moment(purchases[row]), clock)
                except InvalidInput as error:
                    raise InvalidInput(f"orders.{row}.{error}") from None
        return cls(purchases, shares, by_days)

    def columns(self, predictor: Predictor, distribution: Distributions) -> dict[str, list[Any]]:
        """What the answers have more, by name: None for the orders that did not ask; nothing if none did."""
        found: dict[str, list[Any]] = {}
        if promised := self.promised(distribution):
            found[PROMISES] = [None] * len(self.purchases)
            for row, each in promised.items():
                found[PROMISES][row] = promises_of(each, _moment(self.purchases[row]), predictor)
        if self.by_days:
            found[PROBABILITY] = [None] * len(self.purchases)
            probabilities = distribution.probability_by(self._column(self.by_days))
            for row in self.by_days:
                found[PROBABILITY][row] = probability_of(float(probabilities[row]))
        return found

    def promised(self, distribution: Distributions) -> dict[int, list[tuple[float, float]]]:
        """(on-time share, days) of each promise, by row."""
        found: dict[int, list[tuple[float, float]]] = {row: [] for row in self.shares}
        for number in range(MOST_SHARES):
            wanted = {row: shares[number] for row, shares in self.shares.items() if number < len(shares)}
            if not wanted:
                break
            days = distribution.days_at(self._column(wanted))
            for row, share in wanted.items():
                found[row].append((share, float(days[row])))
        return found

    def _column(self, values: dict[int, float]) -> Floats:
        column = np.full(len(self.purchases), np.nan)
        column[list(values)] = list(values.values())
        return column


def promises_of(promised: Promised, purchase: datetime, predictor: Predictor) -> list[dict[str, Any]]:
    """The promises of one order as its answer has them. purchase: in UTC, without zone."""
    unit = 10**predictor.decimals
    dates = predictor.clock.dates_of_one(purchase, [days for _, days in promised])
    return [
        {"on_time_share": share, "days": round(days * unit) / unit, "date": day}
        for (share, days), day in zip(promised, dates, strict=True)
    ]


def probability_of(probability: float) -> float:
    """As its answer has it."""
    return round(probability, PROBABILITY_DECIMALS)


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)

"""What the model of orders with a promise sees more: the promise as a ratio to the delivery pace.

The shop may know what we do not: what is in stock, how busy it is. How its promises lie beside its deliveries (always
late, padded by two days, a default for all) the model learns like everything else, by origin and fact too.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.arrays import Floats

PROMISE_NAMES = ("promise_ratio", "promised_days")
"""The logarithm of the promised working days over the pace, and the days that were promised."""


@dataclass(frozen=True, slots=True)
class PromiseRatio:
    """slope: by how much the forecast follows the ratio, 0..1. lowest, highest: beyond which no order taught."""

    slope: float
    lowest: float
    highest: float

    def of(self, worked: Floats, log_level: Floats, shortest: float) -> Floats:
        """The ratios of n orders. worked: working days promised; shortest: what less of them counts as."""
        ratio: Floats = np.clip(np.log(np.maximum(worked, shortest)) - log_level, self.lowest, self.highest)
        return ratio

    def of_one(self, worked: float, log_level: float, shortest: float) -> float:
        """The ratio of one order."""
        return min(max(math.log(max(worked, shortest)) - log_level, self.lowest), self.highest)


def with_promise(
    columns: NDArray[np.float32], ratio: Floats, promised_days: Floats, usual: Sequence[Floats] = ()
) -> NDArray[np.float32]:
    """The columns of n orders, PROMISE_NAMES behind them, then the usual (`common.model.features.features`)."""
    return np.column_stack([columns, ratio, promised_days, *usual]).astype(np.float32)

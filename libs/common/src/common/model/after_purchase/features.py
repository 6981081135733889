"""What the second model sees of an order that was handed over, behind the columns of every order."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from common.arrays import Floats

HAND_OVER_NAMES = ("handling_days", "hand_over_hour")
"""How long it took from the purchase to the hand-over, and the hour of that on the shop's clock."""


def with_hand_over(
    columns: NDArray[np.float32],
    handling_days: Floats,
    hand_over: NDArray[np.datetime64],
    usual: Sequence[Floats] = (),
) -> NDArray[np.float32]:
    """The columns of n orders that begin with their hand-overs, HAND_OVER_NAMES behind them, then the usual: float32.

    hand_over: as on the shop's clock. usual: see `common.model.features.features`.
    """
    hour = (hand_over - hand_over.astype("datetime64[D]")) / np.timedelta64(3_600, "s")
    return np.column_stack([columns, handling_days, hour, *usual]).astype(np.float32)

"""What is wrong with a data folder, all of it at once.

InvalidInput
├── UnusableData      files, columns or values that cannot be read; keys that appear twice
└── NoDeliveredOrder  every order was dropped or is still under way
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from common.errors import InvalidInput


class UnusableData(InvalidInput):
    title = "Unusable data folder"

    def __init__(self, folder: Path, problems: Sequence[str]) -> None:
        listed = "".join(f"\n  - {problem}" for problem in problems)
        super().__init__(f"{folder} cannot be used, nothing was written:{listed}")


class NoDeliveredOrder(InvalidInput):
    title = "Nothing to train on"

    def __init__(self, folder: Path, orders: int, dropped: Mapping[str, int]) -> None:
        reasons = "; ".join(f"{reason}: {count}" for reason, count in dropped.items()) or "none dropped"
        super().__init__(
            f"{folder} has no usable delivered order to train on, nothing was written: of {orders} orders ({reasons}) "
            "the rest is still under way"
        )

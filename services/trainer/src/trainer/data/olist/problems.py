"""What is wrong with a data folder, all of it at once.

InvalidInput
├── UnusableData      files, columns or values that cannot be read; keys that appear twice
├── NoDeliveredOrder  every order was dropped or is still under way
└── NothingToTrain    a part of the split without a single delivered order
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


class NothingToTrain(InvalidInput):
    title = "Nothing to train on"

    def __init__(self, part: str, cutoff: object, delivered: int, first: object, last: object) -> None:
        super().__init__(
            f"no delivered order is left for {part} at the cut-off {cutoff}, nothing was written: of {delivered} "
            f"delivered orders the first was bought {first}, the last {last}; choose another --cutoff"
        )

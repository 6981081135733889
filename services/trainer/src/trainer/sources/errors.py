"""What makes a source unusable.

InvalidInput
├── UnusableSource   cannot be opened, or is not written as its file or the shop file says
├── NothingToLearn   no row, or no delivered order
├── NothingToTrain   a part of the split without a single delivered order
Unavailable
└── SourceAway       a database that does not answer or refuses
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from common.errors import InvalidInput, Unavailable


class UnusableSource(InvalidInput):
    title = "Unusable source"

    def __init__(self, name: str, problems: str | Sequence[str]) -> None:
        listed = [problems] if isinstance(problems, str) else list(problems)
        text = f" {listed[0]}" if len(listed) == 1 else "".join(f"\n  - {problem}" for problem in listed)
        super().__init__(f"{name}:{text}")
        self.problems = tuple(listed)


class NothingToLearn(InvalidInput):
    title = "Nothing to learn from"

    def __init__(self, name: str, read: int, dropped: Mapping[str, int]) -> None:
        reasons = "; ".join(f"{reason}: {count:,}" for reason, count in dropped.items()) or "none dropped"
        super().__init__(
            f"{name}: no delivered order: of {read:,} rows ({reasons}) the rest has no delivery: name the column that "
            "says when orders arrived ([orders.columns] delivered_timestamp), or a second table (deliveries)"
        )


class NothingToTrain(InvalidInput):
    title = "Nothing to train on"

    def __init__(self, part: str, cutoff: datetime, delivered: int, first: datetime, last: datetime) -> None:
        clock = "%Y-%m-%d %H:%M:%S"
        if first.date() == last.date():
            super().__init__(
                f"all {delivered:,} delivered orders were bought on one day ({first:%Y-%m-%d}), nothing was written: "
                "what was learned from them could not be tested on later ones: export more days"
            )
            return
        super().__init__(
            f"no delivered order is left for {part} at the cut-off {cutoff:{clock}}, nothing was written: of "
            f"{delivered:,} delivered orders the first was bought {first:{clock}}, the last {last:{clock}}; choose "
            "another --cutoff"
        )


class SourceAway(Unavailable):
    title = "Source not available"

    def __init__(self, name: str, cause: str) -> None:
        super().__init__(f"{name} does not answer or refuses: {cause}")

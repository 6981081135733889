"""What makes a source unusable.

InvalidInput
├── UnusableSource   cannot be opened, or is not written as its file or the shop file says
├── NothingToLearn   no row, or no delivered order
Unavailable
└── SourceAway       a database that does not answer or refuses
"""

from collections.abc import Mapping, Sequence

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


class SourceAway(Unavailable):
    title = "Source not available"

    def __init__(self, name: str, cause: str) -> None:
        super().__init__(f"{name} does not answer or refuses: {cause}")

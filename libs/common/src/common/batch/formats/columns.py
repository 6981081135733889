"""Which columns an input must have, and which it may not have."""

from collections import Counter
from collections.abc import Sequence

from common.errors import MissingColumns, UnreadableInput
from common.orders.fields import INPUTS, REQUIRED_COLUMNS

ADDED_COLUMNS = ("prediction", "prediction_lower", "prediction_upper", "error")
"""What a result has besides the columns of its input."""

NEEDED_COLUMNS = tuple(field.name for field in INPUTS)
"""What a prediction is made from."""

NAMES_SHOWN, NAME_SHOWN = 20, 40
"""Columns of a file, and characters of each, that a message repeats."""


def check_columns(names: Sequence[str], where: str) -> None:
    """MissingColumns or UnreadableInput if these are not the columns of an input."""
    missing = [name for name in REQUIRED_COLUMNS if name not in names]
    if missing:
        shown = [*names[:NAMES_SHOWN], "…"] if len(names) > NAMES_SHOWN else names
        raise MissingColumns(where, missing, [name[:NAME_SHOWN] for name in shown])
    counted = Counter(names)
    twice = [name for name in NEEDED_COLUMNS if counted[name] > 1]
    if twice:
        raise UnreadableInput(where, f"has column(s) {', '.join(twice)} more than once: keep one of each")
    taken = [name for name in ADDED_COLUMNS if name in counted]
    if taken:
        raise UnreadableInput(where, f"already has column(s) {', '.join(taken)}, which the result adds: rename them")

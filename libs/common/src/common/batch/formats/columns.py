"""Which columns an input must have, and which it may not have."""

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from common.batch.prefixes import columns_above
from common.errors import MissingColumns, UnreadableInput
from common.orders.fields import INPUTS, location_faults
from common.servers.objects import ObjectAddress

ADDED_COLUMNS = ("prediction", "prediction_lower", "prediction_upper", "error")
"""What a result has besides the columns of its input."""

NEEDED_COLUMNS = tuple(field.name for field in INPUTS)
"""What a prediction is made from."""

NAMES_SHOWN, NAME_SHOWN = 20, 200
"""Columns of a file, and characters of each, that a message repeats."""


def check_columns(
    names: Sequence[str],
    where: str,
    in_path: Mapping[str, str | None] = MappingProxyType({}),
    address: ObjectAddress | None = None,
    blind: bool = False,
) -> None:
    """MissingColumns or UnreadableInput if these are not the columns of an input.

    in_path: columns that folders below the prefix name. address: of the object; folders above may name columns too.
    blind: readers of the result do not tell capitals from small letters.
    """
    known = {*names, *in_path}
    for name, above in (columns_above(address) if address else {}).items():
        if name in NEEDED_COLUMNS and name not in known:
            raise UnreadableInput(
                where, f"has column {name} in its path, above what was submitted: submit the folder above it, {above}"
            )
    faults = location_faults(known.intersection(NEEDED_COLUMNS))
    if doubled := [said for name, said in faults if name in known]:
        raise UnreadableInput(where, f"has two columns for one thing: {doubled[0]}")
    if faults:
        shown = [*names[:NAMES_SHOWN], "…"] if len(names) > NAMES_SHOWN else names
        raise MissingColumns(where, [name for name, _ in faults], [name[:NAME_SHOWN] for name in shown])
    counted = Counter(names)
    twice = [name for name in NEEDED_COLUMNS if counted[name] > 1]
    if twice:
        raise UnreadableInput(where, f"has column(s) {', '.join(twice)} more than once: keep one of each")
    both = [name for name in NEEDED_COLUMNS if name in names and name in in_path]
    if both:
        raise UnreadableInput(where, f"has column(s) {', '.join(both)} in the file and in its path: keep one of each")
    taken = [name for name in known if name in ADDED_COLUMNS or (blind and name.lower() in ADDED_COLUMNS)]
    if taken:
        raise UnreadableInput(
            where,
            f"already has column(s) {', '.join(sorted(taken, key=str.lower))}, which the result adds: rename them",
        )

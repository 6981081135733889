"""Columns that folders name: one value for every row of a file."""

from collections.abc import Mapping, Sequence

import pyarrow as pa

from common.batch.formats.columns import NEEDED_COLUMNS


def constant(in_path: Mapping[str, str | None], rows: int, facts: Sequence[str]) -> dict[str, pa.Array]:
    """The needed ones among the columns of a path, as texts; facts: further names."""
    return {
        name: pa.repeat(pa.scalar(value, pa.string()), rows)
        for name, value in in_path.items()
        if name in NEEDED_COLUMNS or name in facts
    }

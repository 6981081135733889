"""What every source looks like to its reader."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import polars as pl


class RawTable(Protocol):
    """Rows of named columns. `notes` says what was found out about the source; `damaged` counts unreadable rows."""

    @property
    def name(self) -> str:
        """The source as it may be shown: without secrets."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns, in its order."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What was found out about it, a line each."""

    @property
    def damaged(self) -> int:
        """Rows that the newest reading left out because they have too few or too many fields."""

    def pieces(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The rows in the source's order: these columns as text, empty values as null. Can be read again."""


def as_text(piece: pl.DataFrame) -> pl.DataFrame:
    """Typed columns as the texts that a CSV would hold: moments in ISO 8601 (in UTC if zoned), spans in seconds."""
    return piece.select(_text(column) for column in piece)


def _text(column: pl.Series) -> pl.Series:
    kind = column.dtype
    if kind == pl.String:
        text = column
    elif isinstance(kind, pl.Datetime):
        zoned = kind.time_zone is not None
        moment = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if zoned else column
        text = moment.dt.strftime("%Y-%m-%dT%H:%M:%S%.6f" + ("Z" if zoned else ""))
    elif isinstance(kind, pl.Duration):
        text = (column.dt.total_microseconds() / 1_000_000).cast(pl.String)
    elif kind.is_nested() or kind in (pl.Binary, pl.Object):
        text = pl.Series(column.name, [None], dtype=pl.String).new_from_index(0, len(column))
    else:
        text = column.cast(pl.String)
    return text.set(text == "", None) if (text == "").any() else text

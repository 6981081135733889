"""Columns that are two of a source's: a date and a clock that stand apart, named `Order Date + Order Time`."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from trainer.sources.raw.table import RawTable

PLUS = " + "


def parts(column: str) -> tuple[str, ...]:
    """The columns that a joined one is made of; the column itself if it is not."""
    return tuple(column.split(PLUS))


def with_joined(table: RawTable, named: Iterable[str]) -> RawTable:
    """The table, with those joined columns among the named whose parts it has."""
    there = set(table.columns)
    joined = tuple(name for name in named if PLUS in name and name not in there and there.issuperset(parts(name)))
    return Joined(table, joined) if joined else table


@dataclass(frozen=True)
class Joined:
    """A table with further columns, each the texts of its parts with a blank between; null where one has no digit."""

    table: RawTable
    joined: tuple[str, ...]

    @property
    def name(self) -> str:
        """The table's."""
        return self.table.name

    @property
    def columns(self) -> tuple[str, ...]:
        """The table's, the joined ones behind them."""
        return (*self.table.columns, *self.joined)

    @property
    def notes(self) -> tuple[str, ...]:
        """The table's."""
        return self.table.notes

    @property
    def damaged(self) -> int:
        """The table's."""
        return self.table.damaged

    def pieces(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The table's pieces with the joined columns."""
        made = {
            name: pl.concat_str([_filled(part) for part in parts(name)], separator=" ")
            for name in columns
            if name in self.joined
        }
        wanted = [part for name in columns for part in (parts(name) if name in made else (name,))]
        for piece in self.table.pieces(list(dict.fromkeys(wanted))):
            yield piece.with_columns(**made).select(columns)


def _filled(column: str) -> pl.Expr:
    text = pl.col(column).str.strip_chars()
    return pl.when(text.str.contains(r"\d")).then(text)

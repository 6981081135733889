"""How the columns of a source are to be read: what the shop file says, and what is found out from the texts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

import polars as pl

from common.orders.names import COORDINATES
from common.orders.shop.sections import Shop
from trainer.sources.errors import UnusableSource
from trainer.sources.orders.column_mapping import ColumnMapping
from trainer.sources.orders.formats import InDoubt, Unknown, format_of
from trainer.sources.orders.numbers import Decimal, decimal_of
from trainer.sources.raw.table import RawTable

ABSENT = (
    "", "N/A", "n/a", "#N/A", "NA", "NaN", "nan", "NULL", "Null", "null", "None", "none", "(null)", "-", "--",
    "0000-00-00", "0000-00-00 00:00:00",
)  # fmt: skip
"""Texts that stand for no value. NA is also Namibia and Naples: in countries and regions it is kept."""


@dataclass(frozen=True)
class Reading:
    """formats: of each moment. decimals: of each numeric column. notes: what was found out, a line each."""

    columns: ColumnMapping
    formats: Mapping[str, str]
    decimals: Mapping[str, Decimal]
    missing: tuple[str, ...]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, shop: Shop, table: RawTable, columns: ColumnMapping, head: pl.DataFrame) -> "Reading":
        """Find out from the first piece what the shop file does not say, from later ones only where it does not decide.

        UnusableSource names every column that is in doubt.
        """
        missing = (*ABSENT, *shop.orders.missing)
        formats, doubts = _formats(shop, table, columns, head, missing)
        decimals, more = _decimals(shop, columns, head, missing)
        if doubts or more:
            raise UnusableSource(table.name, [*doubts, *more])
        notes = [*table.notes]
        notes += [f"{name}: read as {form}" for name, form in formats.items() if form != "iso"]
        commas = [column for column, decimal in decimals.items() if decimal == ","]
        notes += [f"decimal comma: {', '.join(commas)}"] if commas else []
        return cls(columns, formats, decimals, missing, tuple(notes))


def known(texts: pl.Series, missing: tuple[str, ...]) -> pl.Series:
    """The texts without blanks around them; null where one stands for no value."""
    plain = texts.str.strip_chars()
    return plain.set(plain.is_in(missing).fill_null(False), None)


def _formats(
    shop: Shop, table: RawTable, columns: ColumnMapping, head: pl.DataFrame, missing: tuple[str, ...]
) -> tuple[dict[str, str], list[str]]:
    formats, problems = dict(shop.orders.formats), []
    for name, column in columns.moments.items():
        if name in formats:
            continue
        found = format_of(_texts(table, column, head, missing))
        if isinstance(found, InDoubt | Unknown):
            problems.append(f"{name} (column {column}): {found}")
        else:
            formats[name] = found
    return formats, problems


def _texts(table: RawTable, column: str, head: pl.DataFrame, missing: tuple[str, ...]) -> Iterator[pl.Series]:
    yield known(head[column], missing)
    for piece in islice(table.pieces([column]), 1, None):
        yield known(piece[column], missing)


def _decimals(
    shop: Shop, columns: ColumnMapping, head: pl.DataFrame, missing: tuple[str, ...]
) -> tuple[dict[str, Decimal], list[str]]:
    numeric = [columns.by_name[name] for name in (*COORDINATES, *columns.spans) if name in columns.by_name]
    numeric = list(dict.fromkeys([*numeric, *columns.numeric]))
    if shop.orders.decimal or not numeric:
        return dict.fromkeys(numeric, shop.orders.decimal or "."), []
    found = {column: decimal_of(known(head[column], missing)) for column in numeric}
    shows_comma = "," in found.values()
    decimals: dict[str, Decimal] = {}
    problems = []
    for column, decimal in found.items():
        if decimal == "both":
            problems.append(
                f'{column}: some numbers have a point and some a comma: write decimal = "," or "." in [orders]'
            )
        elif decimal is None and not shows_comma:
            problems.append(f'{column}: 1,234 can be read in two ways: write decimal = "," or "." in [orders]')
        else:
            decimals[column] = decimal or ","
    return decimals, problems

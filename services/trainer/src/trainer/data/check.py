"""Are the nine files there, with their columns? And which value of a column cannot be read?"""

import csv
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from common.orders.fields import FIELDS
from trainer.data.files import DATE_FORMAT, TABLES, Table


def missing_files_and_columns(folder: Path) -> list[str]:
    """One line per missing file, empty file, or file with missing columns."""
    if not folder.is_dir():
        return [f"the folder does not exist: run `make download-data`, or set OLIST_DIR (got {folder})"]
    return [problem for table in TABLES for problem in _missing(table, folder)]


def _missing(table: Table, folder: Path) -> Iterator[str]:
    path = table.path(folder)
    if not path.is_file():
        yield f"{table.name}: the file is missing"
        return
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        header = next(csv.reader(file), [])
    missing = [column for column in table.columns if column not in header]
    if missing:
        yield f"{table.name}: column(s) missing: {', '.join(missing)}; the file has: {', '.join(header) or 'nothing'}"


def strings(table: Table, folder: Path) -> pl.LazyFrame:
    """The file's rows, every column as text, empty fields as null."""
    return pl.scan_csv(table.path(folder), infer_schema=False, null_values="")


def date(column: str) -> pl.Expr:
    """Text to datetime[us]; null where it cannot be read."""
    return pl.col(column).str.to_datetime(DATE_FORMAT, time_unit="us", strict=False, cache=False)


def number(column: str) -> pl.Expr:
    """Text to a finite float64; null where it cannot be read."""
    parsed = pl.col(column).cast(pl.Float64, strict=False)
    return pl.when(parsed.is_finite()).then(parsed)


def zip_prefix(column: str) -> pl.Expr:
    """Text to int32 within the bounds of a zip prefix; null where it cannot be read."""
    parsed = pl.col(column).cast(pl.Int32, strict=False)
    return pl.when(parsed.is_between(*FIELDS["seller_zip_code_prefix"].bounds)).then(parsed)


def unreadable(table: Table) -> dict[str, pl.Expr]:
    """For each checked column, whether its value in a row is not what it must be."""
    parsers = ((date, table.dates), (number, table.numbers), (zip_prefix, table.zip_prefixes))
    checks = {
        column: parse(column).is_null() & pl.col(column).is_not_null()
        for parse, columns in parsers
        for column in columns
    }
    for column in table.required:
        empty = pl.col(column).is_null()
        checks[column] = checks[column] | empty if column in checks else empty
    return checks


def describe_unreadable(table: Table, folder: Path, column: str) -> str:
    """File, column, how many values, the first of them and the row it stands in (the header is row 1)."""
    bad = strings(table, folder).with_row_index("row", offset=2).filter(unreadable(table)[column])
    count, row, value = bad.select(pl.len(), pl.first("row"), pl.first(column).alias("value")).collect().row(0)
    kind = "dates (expected like 2018-06-30 23:59:59)" if column in table.dates else "values"
    shown = "empty" if value is None else repr(value)
    return f"{table.name}: column {column}: {count} unreadable {kind}, the first in row {row}: {shown}"


def describe_duplicates(table: Table, folder: Path) -> list[str]:
    """At most one line: how many rows repeat an earlier row's key, and the first such key."""
    key = list(table.key)
    rows = strings(table, folder).select(key).with_row_index("row", offset=2)
    repeated = rows.filter(~pl.struct(key).is_first_distinct()).select(pl.len(), pl.all().first()).collect().row(0)
    count, row, *values = repeated
    if not count:
        return []
    return [
        f"{table.name}: duplicated key {' + '.join(key)}: {count} row(s) repeat an earlier key, "
        f"the first in row {row}: {' + '.join(map(str, values))}"
    ]

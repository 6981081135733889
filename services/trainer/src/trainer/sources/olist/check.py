"""Are the nine files there, with their columns? And which value of a column cannot be read?"""

import csv
from collections.abc import Collection, Iterator
from pathlib import Path

import polars as pl

from trainer.sources.olist.content import needed_columns
from trainer.sources.olist.files import FILES, CsvFile
from trainer.sources.olist.parsing import date, number, zip_prefix


def missing_files_and_columns(folder: Path) -> list[str]:
    """One line per missing file, empty file, or file with missing columns."""
    if not folder.is_dir():
        return [f"the folder does not exist: run `make download-data`, or set OLIST_DIR (got {folder})"]
    return [problem for file in FILES for problem in _missing(file, folder)]


def _missing(file: CsvFile, folder: Path) -> Iterator[str]:
    path = file.path(folder)
    if not path.is_file():
        yield f"{file.name}: the file is missing"
        return
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as opened:
        header = next(csv.reader(opened), [])
    missing = [column for column in needed_columns(file) if column not in header]
    if missing:
        yield f"{file.name}: column(s) missing: {', '.join(missing)}; the file has: {', '.join(header) or 'nothing'}"


def strings(file: CsvFile, folder: Path) -> pl.LazyFrame:
    """The file's rows, every column as text, empty fields as null."""
    return pl.scan_csv(file.path(folder), infer_schema=False, null_values="")


def typed(file: CsvFile, folder: Path) -> pl.LazyFrame:
    """The same with its numbers as such, at two thirds of the cost; PolarsError when collected where one is none."""
    kinds = dict.fromkeys(file.numbers, pl.Float64) | dict.fromkeys(file.zip_prefixes, pl.Int32)
    return pl.scan_csv(file.path(folder), infer_schema=False, schema_overrides=kinds, null_values="")


def unreadable(file: CsvFile, present: Collection[str]) -> dict[str, pl.Expr]:
    """For each checked column that is present, whether its value in a row is not what it must be."""
    parsers = ((date, file.dates), (number, file.numbers), (zip_prefix, file.zip_prefixes))
    checks = {
        column: parse(column).is_null() & pl.col(column).is_not_null()
        for parse, columns in parsers
        for column in columns
        if column in present
    }
    for column in file.required:
        empty = pl.col(column).is_null()
        checks[column] = checks[column] | empty if column in checks else empty
    return checks


def describe_unreadable(file: CsvFile, folder: Path, column: str) -> str:
    """File, column, how many values, the first of them and the row it stands in (the header is row 1)."""
    bad = (
        strings(file, folder).with_row_index("row", offset=2).filter(unreadable(file, [column, *file.required])[column])
    )
    count, row, value = bad.select(pl.len(), pl.first("row"), pl.first(column).alias("value")).collect().row(0)
    kind = "dates (expected like 2018-06-30 23:59:59)" if column in file.dates else "values"
    shown = "empty" if value is None else repr(value)
    return f"{file.name}: column {column}: {count} unreadable {kind}, the first in row {row}: {shown}"


def describe_duplicates(file: CsvFile, folder: Path) -> list[str]:
    """At most one line: how many rows repeat an earlier row's key, and the first such key."""
    key = list(file.key)
    rows = strings(file, folder).select(key).with_row_index("row", offset=2)
    repeated = rows.filter(~pl.struct(key).is_first_distinct()).select(pl.len(), pl.all().first()).collect().row(0)
    count, row, *values = repeated
    if not count:
        return []
    return [
        f"{file.name}: duplicated key {' + '.join(key)}: {count} row(s) repeat an earlier key, "
        f"the first in row {row}: {' + '.join(map(str, values))}"
    ]

"""The files' rows, typed and compact: ids become 64-bit hashes, so that ten million orders fit in memory.

Two of ten million ids share a hash with a chance of 3e-6 (birthday bound n² / 2⁶⁵).
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl

from trainer.sources.olist.check import describe_duplicates, describe_unreadable, strings, typed, unreadable
from trainer.sources.olist.content import CONTENT, KEYS
from trainer.sources.olist.errors import UnusableData
from trainer.sources.olist.files import CUSTOMERS, GEOLOCATION, ITEMS, ORDERS, PRODUCTS, REVIEWS, SELLERS, CsvFile

JOINED = {
    "orders": ORDERS,
    "items": ITEMS,
    "customers": CUSTOMERS,
    "sellers": SELLERS,
    "products": PRODUCTS,
    "geolocation": GEOLOCATION,
}

UNREADABLE = "unreadable "
AT_ONCE = 2

LITTLE = 200 * 2**20
"""Bytes of the orders' file up to which their ids are read with it."""


def read(folder: Path) -> dict[str, pl.DataFrame]:
    """Read and check the files, by the names of JOINED, in the files' order; of little data with `order_id`.

    UnusableData names every column with unreadable values and every duplicated key.
    """
    ids = {"order_id": pl.col("order_id")} if _is_little(folder) else {}
    files = (*JOINED.values(), REVIEWS)
    with ThreadPoolExecutor(AT_ONCE) as pool:  # a short file does not keep two cores busy
        found = list(pool.map(lambda file: _read(file, folder, ids if file is ORDERS else {}), files))
    problems = [problem for _, unusable in found for problem in unusable]
    if problems:
        raise UnusableData(folder, problems)
    return {name: frame for name, (frame, _) in zip(JOINED, found, strict=False)}


def order_ids(orders: pl.DataFrame, folder: Path) -> pl.Series:
    """The orders' ids in the file's order: half of their memory, so those of much data are read again when written."""
    if "order_id" in orders.columns:
        return orders["order_id"]
    return strings(ORDERS, folder).select("order_id").collect(engine="streaming").to_series()


def _is_little(folder: Path) -> bool:
    return ORDERS.path(folder).stat().st_size <= LITTLE


def _read(file: CsvFile, folder: Path, further: Mapping[str, pl.Expr]) -> tuple[pl.DataFrame, list[str]]:
    try:
        try:
            frame = _content(file, typed(file, folder), further)
        except pl.exceptions.PolarsError:  # of texts, those that are no numbers can be named
            frame = _content(file, strings(file, folder), further)
        checks = [name for name in frame.columns if name.startswith(UNREADABLE)]
        flagged = frame.select(pl.col(name).any() for name in checks).row(0, named=True) if checks else {}
        columns = [name.removeprefix(UNREADABLE) for name, is_bad in flagged.items() if is_bad]
        problems = [describe_unreadable(file, folder, column) for column in columns]
        if file.key and frame.select(pl.n_unique(KEYS[file.name])).item() < frame.height:
            problems += describe_duplicates(file, folder)
    except pl.exceptions.PolarsError as error:
        reason = str(error).strip().splitlines()[0]
        return pl.DataFrame(), [f"{file.name}: not readable as comma-separated UTF-8 text: {reason}"]
    return frame.drop(*checks, "key", strict=False), problems


def _content(file: CsvFile, rows: pl.LazyFrame, further: Mapping[str, pl.Expr]) -> pl.DataFrame:
    """What is read of the rows, and for each checked column whether its value cannot be read; nothing if neither is."""
    checks = unreadable(file, rows.collect_schema().names())
    if not checks:
        return pl.DataFrame()
    flags = {f"{UNREADABLE}{column}": check for column, check in checks.items()}
    return rows.select(**CONTENT.get(file.name, {}), **further, **flags).collect(engine="streaming")

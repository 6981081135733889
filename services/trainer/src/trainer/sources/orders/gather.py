"""Any table's orders: read in pieces and kept in a file in between, so that memory does not grow with them."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from common.orders.shop.sections import Shop
from common.orders.shop.source import Kind, expanded, kind_of, matching_paths
from trainer.sources.errors import UnusableSource
from trainer.sources.made_up import is_synthetic
from trainer.sources.orders.apart import ALONE, alone
from trainer.sources.orders.column_mapping import ColumnMapping, absent
from trainer.sources.orders.deliveries import read_deliveries
from trainer.sources.orders.duplicates import surplus_rows
from trainer.sources.orders.gathered import Gathered
from trainer.sources.orders.kept import Counts, Progress, kept_rows
from trainer.sources.orders.known_places import known_codes, read_places
from trainer.sources.orders.postal_codes import padded
from trainer.sources.orders.reading import Reading, known
from trainer.sources.personal import is_personal_name, personal
from trainer.sources.raw.open import Sources
from trainer.sources.raw.table import RawTable

ANOTHER_SHIPMENT = "another shipment of the same order"
TOO_NARROW = "a row with too few or too many fields"


def gather(shop: Shop, sources: Sources, between: Path, progress: Progress) -> Gathered:
    """The orders of the table that the shop file names, which stand in the file `between` until they are written.

    UnusableSource names all that is wrong with the source.
    """
    table, second = sources.orders(shop), sources.deliveries(shop)
    columns = ColumnMapping.of(shop, table, second)
    reading = _reading(shop, table, columns)
    delivered = read_deliveries(shop, second) if second else None
    places = read_places(shop, sources)
    counts = Counts()
    _write(kept_rows(shop, table, reading, delivered, counts, progress), between)
    if table.damaged:
        counts.read += table.damaged
        counts.dropped[TOO_NARROW] += table.damaged
    orders = pl.scan_parquet(between)
    if "order_id" in columns.by_name:
        orders = _one_row_per_order(orders, shop, table.name, counts)
    orders = _without_lone_purchases(orders, counts)
    orders, notes = padded(orders)
    notes = (*reading.notes, *notes, *counts.tally.notes, *_notes(table, columns))
    if places is not None:
        notes = (*notes, known_codes(orders, places))
    rows_in = {"orders": counts.read}
    return Gathered(table.name, orders, counts, rows_in, notes, places, is_synthetic=_is_made_up(shop, sources))


def _reading(shop: Shop, table: RawTable, columns: ColumnMapping) -> Reading:
    head = next(table.pieces(columns.wanted), None)
    if head is None:
        raise UnusableSource(table.name, "holds no row: export the orders again")
    _refuse_personal(table.name, columns, head, shop.orders.missing)
    return Reading.of(shop, table, columns, head)


def _one_row_per_order(orders: pl.LazyFrame, shop: Shop, name: str, counts: Counts) -> pl.LazyFrame:
    surplus = surplus_rows(orders, shop.orders.shipments, name)
    if surplus.is_empty():
        return orders
    counts.dropped[ANOTHER_SHIPMENT] += len(surplus)
    return orders.with_row_index("_row").filter(~pl.col("_row").is_in(surplus.implode())).drop("_row")


def _without_lone_purchases(orders: pl.LazyFrame, counts: Counts) -> pl.LazyFrame:
    is_alone = alone(orders)
    if is_alone is None:
        return orders
    counts.dropped[ALONE] += orders.select(is_alone.sum()).collect(engine="streaming").item()
    return orders.filter(~is_alone)


def _write(pieces: Iterator[pl.DataFrame], path: Path) -> None:
    writer = None
    try:
        for piece in pieces:
            rows = piece.to_arrow()
            writer = writer or pq.ParquetWriter(path, rows.schema, compression="zstd", compression_level=1)
            writer.write_table(rows)
    finally:
        if writer:
            writer.close()


def _refuse_personal(name: str, columns: ColumnMapping, head: pl.DataFrame, missing: tuple[str, ...]) -> None:
    checked = {column: f"orders.columns.{field}" for field, column in columns.by_name.items()}
    checked |= dict.fromkeys((*columns.numeric, *columns.category), "facts")
    problems = [
        f"{where}: {column!r} looks personal ({reason}): remove it, people's data is never kept"
        for column, where in checked.items()
        if (reason := personal(column, known(head[column], missing)))
    ]
    if problems:
        raise UnusableSource(name, problems)


def _notes(table: RawTable, columns: ColumnMapping) -> Iterator[str]:
    people = [column for column in table.columns if is_personal_name(column)]
    if people:
        yield f"looks personal, not read: {', '.join(people)}"
    if "order_id" in absent(columns):
        yield "no order_id: rows are numbered, and no later delivery can be joined to them"


def _is_made_up(shop: Shop, sources: Sources) -> bool:
    if kind_of(shop.orders.source) is not Kind.FILES:
        return False
    paths = matching_paths(expanded(shop.orders.source, sources.environment), shop.folder)
    return any(is_synthetic(path if path.is_dir() else path.parent) for path in islice(paths, 1))

"""From a shop file to the general table: read in pieces, written in pieces, so that memory does not grow with it."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pyarrow.parquet as pq

from common.orders.shop.sections import Shop
from trainer.sources.oddities.every import Figures, oddities
from trainer.sources.orders.columns import Columns, absent
from trainer.sources.orders.deliveries import read_deliveries
from trainer.sources.orders.duplicates import surplus_rows
from trainer.sources.orders.kept import Counts, Progress, kept_rows, taken_at
from trainer.sources.orders.known_places import known_codes, read_places
from trainer.sources.orders.postal_codes import padded
from trainer.sources.orders.reading import Reading, known
from trainer.sources.orders.report import OrdersReport
from trainer.sources.personal import is_personal_name, personal
from trainer.sources.problems import NothingToLearn, UnusableSource
from trainer.sources.raw.open import Sources
from trainer.sources.raw.table import RawTable

ANOTHER_SHIPMENT = "another shipment of the same order"
TOO_NARROW = "a row with too few or too many fields"


def build(shop: Shop, sources: Sources, target: Path, progress: Progress = lambda _rows: None) -> OrdersReport:
    """Write the shop's orders, one row each, to the target (Parquet), whole or not at all.

    UnusableSource names all that is wrong with the source; NothingToLearn when no order is delivered.
    """
    table, second = sources.orders(shop), sources.deliveries(shop)
    columns = Columns.of(shop, table, second)
    reading = _reading(shop, table, columns)
    delivered = read_deliveries(shop, second) if second else None
    places = read_places(shop, sources)
    counts = Counts()
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as folder:
        kept, whole = Path(folder, "kept.parquet"), Path(folder, "whole.parquet")
        _write(kept_rows(shop, table, reading, delivered, counts, progress), kept)
        if table.damaged:
            counts.read += table.damaged
            counts.dropped[TOO_NARROW] += table.damaged
        orders = pl.scan_parquet(kept)
        if "order_id" in columns.by_name:
            orders = _one_row_per_order(orders, shop, table.name, counts)
        orders, notes = padded(orders)
        orders.sink_parquet(whole)
        orders = pl.scan_parquet(whole)
        notes += (known_codes(orders, places),) if places is not None else ()
        report = _report(shop, table.name, reading, counts, orders, (*notes, *_notes(table, columns)))
        whole.replace(target)
    return report


def _reading(shop: Shop, table: RawTable, columns: Columns) -> Reading:
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


def _refuse_personal(name: str, columns: Columns, head: pl.DataFrame, missing: tuple[str, ...]) -> None:
    checked = {column: f"orders.columns.{field}" for field, column in columns.by_name.items()}
    checked |= dict.fromkeys((*columns.numeric, *columns.category), "facts")
    problems = [
        f"{where}: {column!r} looks personal ({reason}): remove it, people's data is never kept"
        for column, where in checked.items()
        if (reason := personal(column, known(head[column], missing)))
    ]
    if problems:
        raise UnusableSource(name, problems)


def _notes(table: RawTable, columns: Columns) -> Iterator[str]:
    people = [column for column in table.columns if is_personal_name(column)]
    if people:
        yield f"looks personal, not read: {', '.join(people)}"
    if "order_id" in absent(columns):
        yield "no order_id: rows are numbered, and no later delivery can be joined to them"


def _report(
    shop: Shop, name: str, reading: Reading, counts: Counts, orders: pl.LazyFrame, notes: tuple[str, ...]
) -> OrdersReport:
    dropped = dict(counts.dropped.most_common())
    figures = Figures.of(orders)
    if not figures.delivered:
        raise NothingToLearn(name, counts.read, dropped)
    facts = (reading.columns.numeric, reading.columns.category)
    unreadable = {
        f"{field} (e.g. {counts.tally.examples[field]!r})": count for field, count in counts.tally.unreadable.items()
    }
    return OrdersReport(
        source=name,
        notes=(*reading.notes, *notes),
        read=counts.read,
        kept=figures.kept,
        delivered=figures.delivered,
        dropped=dropped,
        unreadable=unreadable,
        first_purchase=figures.first,
        last_purchase=figures.last,
        as_of=taken_at(shop) or figures.newest_event,
        median_days=figures.median,
        findings=tuple(oddities(orders, counts.negative, figures, shop.time_zone, *facts)),
    )

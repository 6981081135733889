"""From a shop file to the general table: read in pieces, written in pieces, so that memory does not grow with it."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pyarrow.parquet as pq

from common.orders.shop.sections import Shop
from trainer.sources.oddities.facts import facts
from trainer.sources.oddities.finding import Finding
from trainer.sources.oddities.places import places
from trainer.sources.oddities.promises import promises
from trainer.sources.oddities.times import calendar_gaps, moments_in_order, negative_spans, one_end_date
from trainer.sources.orders.columns import Columns, absent
from trainer.sources.orders.deliveries import read_deliveries
from trainer.sources.orders.duplicates import surplus_rows
from trainer.sources.orders.postal_codes import padded
from trainer.sources.orders.reading import Reading, known
from trainer.sources.orders.report import OrdersReport
from trainer.sources.orders.rows import NEGATIVE, Tally, rows_of
from trainer.sources.personal import is_personal_name, personal
from trainer.sources.problems import NothingToLearn, UnusableSource
from trainer.sources.raw.open import Sources
from trainer.sources.raw.table import RawTable

AFTER_THE_DATA = "bought after the data was taken (as_of)"
ANOTHER_SHIPMENT = "another shipment of the same order"
TOO_NARROW = "a row with too few or too many fields"
NEGATIVE_KEPT = 100_000
"""Rows that end before they begin, kept to look for the cause."""

Progress = Callable[[int], object]


@dataclass
class _Counts:
    read: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    negative: list[pl.DataFrame] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)


def build(shop: Shop, sources: Sources, target: Path, progress: Progress = lambda _rows: None) -> OrdersReport:
    """Write the shop's orders, one row each, to the target (Parquet), whole or not at all.

    UnusableSource names all that is wrong with the source; NothingToLearn when no order is delivered.
    """
    table, second = sources.orders(shop), sources.deliveries(shop)
    columns = Columns.of(shop, table, second)
    _refuse_personal(shop, table, columns)
    reading = Reading.of(shop, table, columns)
    delivered = read_deliveries(shop, second) if second else None
    counts = _Counts()
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as folder:
        kept, whole = Path(folder, "kept.parquet"), Path(folder, "whole.parquet")
        _write(_kept(shop, table, reading, delivered, counts, progress), kept)
        if counts.read == 0:
            raise UnusableSource(table.name, "holds no row: export the orders again")
        if table.damaged:
            counts.read += table.damaged
            counts.dropped[TOO_NARROW] += table.damaged
        orders = pl.scan_parquet(kept)
        surplus = surplus_rows(orders, shop.orders.shipments, table.name) if "order_id" in columns.by_name else None
        if surplus is not None and len(surplus):
            counts.dropped[ANOTHER_SHIPMENT] += len(surplus)
            orders = orders.with_row_index("_row").filter(~pl.col("_row").is_in(surplus.implode())).drop("_row")
        orders, padded_codes = padded(orders)
        orders.sink_parquet(whole)
        report = _report(
            shop, table.name, reading, counts, pl.scan_parquet(whole), (*padded_codes, *_notes(table, columns))
        )
        whole.replace(target)
    return report


def _kept(
    shop: Shop, table: RawTable, reading: Reading, delivered: pl.DataFrame | None, counts: _Counts, progress: Progress
) -> Iterator[pl.DataFrame]:
    as_of = _moment(shop)
    for piece in table.pieces(reading.columns.wanted):
        rows = rows_of(piece, counts.read + 1, shop, reading, counts.tally, delivered)
        counts.read += piece.height
        if as_of is not None:
            rows = _as_known(rows, as_of)
        reasons = rows["_dropped"].drop_nulls().value_counts()
        counts.dropped.update(dict(reasons.iter_rows()))
        negative = rows.filter(pl.col("_dropped") == NEGATIVE).select("purchase_timestamp", "delivered_timestamp")
        if negative.height and sum(map(len, counts.negative)) < NEGATIVE_KEPT:
            counts.negative.append(negative)
        yield rows.filter(pl.col("_dropped").is_null()).drop("_dropped")
        progress(piece.height)


def _as_known(rows: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """What was known when the data was taken: no later purchase, hand-over or delivery."""
    late = pl.col("_dropped").is_null() & (pl.col("purchase_timestamp") > as_of)
    known_by_then = (
        pl.when(pl.col(name) <= as_of).then(name).alias(name) for name in ("shipped_timestamp", "delivered_timestamp")
    )
    return rows.with_columns(
        pl.when(late).then(pl.lit(AFTER_THE_DATA)).otherwise("_dropped").alias("_dropped"), *known_by_then
    )


def _moment(shop: Shop) -> datetime | None:
    """When the data was taken, in UTC: a date counts to its end, both on the shop's clock."""
    taken = shop.orders.as_of
    if taken is None:
        return None
    moment = taken if isinstance(taken, datetime) else datetime.combine(taken, time.max)
    return (moment if moment.tzinfo else moment.replace(tzinfo=shop.zone)).astimezone(UTC)


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


def _refuse_personal(shop: Shop, table: RawTable, columns: Columns) -> None:
    checked = {column: f"orders.columns.{name}" for name, column in columns.by_name.items()}
    checked |= dict.fromkeys((*columns.numeric, *columns.category), "facts")
    head = next(table.pieces(list(checked)), None)
    problems = [
        f"{where}: {column!r} looks personal ({reason}): remove it, people's data is never kept"
        for column, where in checked.items()
        if head is not None and (reason := personal(column, known(head[column], shop.orders.missing)))
    ]
    if problems:
        raise UnusableSource(table.name, problems)


def _notes(table: RawTable, columns: Columns) -> Iterator[str]:
    people = [column for column in table.columns if is_personal_name(column)]
    if people:
        yield f"looks personal, not read: {', '.join(people)}"
    if "order_id" in absent(columns):
        yield "no order_id: rows are numbered, and no later delivery can be joined to them"


def _report(
    shop: Shop, name: str, reading: Reading, counts: _Counts, orders: pl.LazyFrame, notes: tuple[str, ...]
) -> OrdersReport:
    dropped = dict(counts.dropped.most_common())
    bought, delivered, shipped = (pl.col(f"{event}_timestamp") for event in ("purchase", "delivered", "shipped"))
    span = (delivered - bought).dt.total_seconds() / 86_400
    figures = (
        orders.select(
            kept=pl.len(),
            delivered=delivered.count(),
            first=bought.min(),
            last=bought.max(),
            newest=delivered.max(),
            as_of=pl.max_horizontal(bought.max(), delivered.max(), shipped.max()),
            median=span.median(),
            longest=span.quantile(0.99),
        )
        .collect(engine="streaming")
        .row(0, named=True)
    )
    if not figures["delivered"]:
        raise NothingToLearn(name, counts.read, dropped)
    negative = pl.concat(counts.negative) if counts.negative else pl.DataFrame()
    zone, total = shop.time_zone, figures["kept"]
    findings: list[Finding] = [
        *negative_spans(negative, figures["newest"], figures["longest"], zone),
        *moments_in_order(orders, total),
        *one_end_date(orders, zone),
        *calendar_gaps(orders, zone, total),
        *promises(orders, zone),
        *places(orders, total),
        *facts(orders, reading.columns.numeric, reading.columns.category, total),
    ]
    return OrdersReport(
        source=name,
        notes=(*reading.notes, *notes),
        read=counts.read,
        kept=total,
        delivered=figures["delivered"],
        dropped=dropped,
        unreadable={
            f"{field} (e.g. {counts.tally.examples[field]!r})": n for field, n in counts.tally.unreadable.items()
        },
        first_purchase=figures["first"],
        last_purchase=figures["last"],
        as_of=_moment(shop) or figures["as_of"],
        median_days=figures["median"],
        findings=tuple(findings),
    )

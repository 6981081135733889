"""The second table: when orders arrived, as carriers know it."""

import polars as pl

from common.orders.names import OLD_NAMES
from common.orders.shop.sections import Shop
from trainer.sources.errors import UnusableSource
from trainer.sources.orders.formats import InDoubt, Unknown, format_of
from trainer.sources.orders.moments import moments
from trainer.sources.orders.reading import ABSENT, known
from trainer.sources.raw.table import RawTable


def read_deliveries(shop: Shop, table: RawTable) -> pl.DataFrame:
    """order_id and delivered_timestamp, each id once with its last delivery; UnusableSource if a column is missing."""
    order_id, delivered = (_column(shop, table, name) for name in ("order_id", "delivered_timestamp"))
    missing = (*ABSENT, *shop.orders.missing)
    form = shop.orders.formats.get("delivered_timestamp") or format_of(
        known(piece[delivered], missing) for piece in table.pieces([delivered])
    )
    if isinstance(form, InDoubt | Unknown):
        raise UnusableSource(table.name, f"delivered_timestamp (column {delivered}): {form}")
    parts = [
        pl.DataFrame(
            {
                "order_id": known(piece[order_id], missing),
                "delivered_timestamp": moments(known(piece[delivered], missing), form, shop.time_zone),
            }
        ).drop_nulls()
        for piece in table.pieces([order_id, delivered])
    ]
    if not parts:
        raise UnusableSource(table.name, "holds no row")
    return pl.concat(parts).group_by("order_id").agg(pl.max("delivered_timestamp"))


def _column(shop: Shop, table: RawTable, name: str) -> str:
    old = [before for before, now in OLD_NAMES.items() if now == name]
    for column in (shop.orders.columns.get(name), name, *old):
        if column in table.columns:
            return column
    raise UnusableSource(table.name, f"lacks a column {name} (there are: {', '.join(table.columns)}): rename it so")

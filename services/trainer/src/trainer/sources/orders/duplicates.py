"""Several rows of one order: which of them counts."""

from typing import Literal

import polars as pl

from trainer.sources.errors import UnusableSource

AT_ONCE = 10_000_000
"""Orders whose ids are compared with each other at once: half a gigabyte."""

Shipments = Literal["first", "last", "error"]


def surplus_rows(orders: pl.LazyFrame, shipments: Shipments, name: str) -> pl.Series:
    """Numbers of the rows that do not count. Of an order's shipments the first or last to arrive does.

    One under way arrives last. UnusableSource when none may come twice.
    """
    key = pl.col("order_id").hash()
    repeated = _repeated(orders, key)
    if repeated.is_empty():
        return pl.Series("row", [], dtype=pl.UInt32)
    rows = (
        orders.with_row_index("row")
        .filter(key.is_in(repeated.implode()))
        .select("row", "order_id", "purchase_timestamp", "delivered_timestamp")
        .collect(engine="streaming")
    )
    if shipments == "error":
        count = rows.height - rows["order_id"].n_unique()
        raise UnusableSource(
            name,
            f"{count:,} row(s) repeat an earlier order_id, the first {rows['order_id'][0]!r}: "
            'write shipments = "first" or "last" under [orders] if an order may have several',
        )
    latest = pl.col("delivered_timestamp").fill_null(pl.lit(rows["delivered_timestamp"].max()) + pl.duration(days=1))
    arrival = pl.coalesce(latest, "purchase_timestamp")
    by_arrival = rows.sort(arrival, "row")
    kept = by_arrival.unique("order_id", keep="first" if shipments == "first" else "last", maintain_order=True)
    return rows.filter(~pl.col("row").is_in(kept["row"].implode()))["row"]


def _repeated(orders: pl.LazyFrame, key: pl.Expr) -> pl.Series:
    """The keys that come more than once, looked for part by part, so that each fits into memory."""
    parts = 1 + orders.select(pl.len()).collect(engine="streaming").item() // AT_ONCE
    found = [
        orders.filter(key % parts == part).group_by(key=key).len().filter(pl.col("len") > 1).collect(engine="streaming")
        for part in range(parts)
    ]
    return pl.concat(found)["key"]

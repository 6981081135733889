"""A part of many orders, spread evenly over all of them, found while they stream by."""

import polars as pl


def spread(orders: pl.LazyFrame, total: int, wanted: int) -> pl.LazyFrame:
    """About `wanted` of the orders, or a few times as many; all where there are no more. By id: always the same."""
    step = total // wanted
    return orders.filter(pl.col("order_id").hash() % step == 0) if step > 1 else orders

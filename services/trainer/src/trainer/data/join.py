"""One row per order: its first item's seller, its customer's location, what was promised and how long it took."""

import polars as pl

from trainer.data.read import Rows

BRAZIL = {"lat": (-33.76, 5.28), "lng": (-74.0, -28.8)}
"""Extreme points of Brazil, degrees: Chui to Monte Caburai, Serra do Divisor to the island of Trindade."""

SECONDS_PER_DAY = 86_400.0

UNDER_WAY = ("created", "approved", "invoiced", "processing", "shipped")
"""States of an order that may still be delivered."""

DROPPED = {
    "no item": pl.col("item_count").is_null(),
    "seller not in the sellers file": pl.col("seller_zip_code_prefix").is_null(),
    "customer not in the customers file": pl.col("customer_zip_code_prefix").is_null(),
    "customer's zip prefix has no location": pl.col("customer_lat").is_null(),
    "negative delivery time": pl.col("delivery_days") < 0,
    "cancelled or otherwise never to be delivered": (
        pl.col("delivery_days").is_null() & ~pl.col("order_status").cast(pl.String).is_in([*UNDER_WAY, "delivered"])
    ),
    "delivered, but without a date": pl.col("delivery_days").is_null() & (pl.col("order_status") == "delivered"),
}
"""Why an order cannot be used; the first reason that holds counts."""

COLUMNS = (
    "order_id",
    "seller_zip_code_prefix",
    "customer_zip_code_prefix",
    "customer_lat",
    "customer_lng",
    "customer_state",
    "seller_state",
    "purchase_timestamp",
    "delivered_timestamp",
    "estimated_timestamp",
    "delivery_days",
    "promised_days",
    "item_count",
    "total_weight_g",
    "freight_value",
    "price",
    "order_status",
)


def locations(points: pl.DataFrame) -> pl.DataFrame:
    """Per zip prefix the median of its points inside Brazil: the file has points tens of degrees off."""
    inside = [pl.col(axis).is_between(*limits) for axis, limits in BRAZIL.items()]
    return (
        points.filter(*inside)
        .group_by("zip_code_prefix")
        .agg(pl.median("lat"), pl.median("lng"), pl.first("state"), points=pl.len().cast(pl.Int32))
        .sort("zip_code_prefix")
    )


def one_row_per_order(rows: Rows, places: pl.DataFrame) -> pl.DataFrame:
    """Every order in file order, with `COLUMNS`, `sellers_differ` and `dropped` (the reason, or null)."""
    seconds = pl.col("delivered_timestamp") - pl.col("purchase_timestamp")
    promised = pl.col("estimated_timestamp") - pl.col("purchase_timestamp")
    customer_place = places.select(customer_zip_code_prefix="zip_code_prefix", customer_lat="lat", customer_lng="lng")
    return (
        rows.orders.lazy()
        .join(_order_items(rows), on="order", how="left", maintain_order="left")
        .join(rows.customers.lazy(), on="customer", how="left", maintain_order="left")
        .join(customer_place.lazy(), on="customer_zip_code_prefix", how="left", maintain_order="left")
        .with_columns(
            delivery_days=seconds.dt.total_seconds() / SECONDS_PER_DAY,
            promised_days=promised.dt.total_seconds() / SECONDS_PER_DAY,
        )
        .with_columns(dropped=_reason())
        .select(*COLUMNS, "sellers_differ", "dropped")
        .collect()
    )


def _order_items(rows: Rows) -> pl.LazyFrame:
    """Per order: its first item's seller, and the sums over its items (a product without weight counts 0 g).

    Money is rounded to cents, so that a sum is the same whatever order its items were added in.
    """
    sellers = rows.sellers.lazy().with_row_index("seller_row")
    # position and seller in one number: the smallest belongs to the first item, and no group has to be sorted
    place = pl.col("position").cast(pl.Int64) * 2**32 + pl.col("seller_row")
    return (
        rows.items.lazy()
        .join(rows.products.lazy(), on="product", how="left")
        .join(sellers.select("seller", "seller_row"), on="seller", how="left")
        .group_by("order")
        .agg(
            first=place.min(),
            sellers_differ=pl.col("seller_row").min() != pl.col("seller_row").max(),
            item_count=pl.len().cast(pl.Int32),
            total_weight_g=pl.sum("weight_g"),
            freight_value=pl.sum("freight_value").round(2),
            price=pl.sum("price").round(2),
        )
        .with_columns(seller_row=(pl.col("first") % 2**32).cast(pl.UInt32))
        .join(sellers.drop("seller"), on="seller_row", how="left")
    )


def _reason() -> pl.Expr:
    reason = pl.lit(None, dtype=pl.String)
    for name, holds in reversed(DROPPED.items()):
        reason = pl.when(holds).then(pl.lit(name)).otherwise(reason)
    return reason.cast(pl.Categorical)

"""One row per order: its first item's seller, its customer's location, what was promised and how long it took."""

import polars as pl

from trainer.sources.olist.parsing import postal_code

BRAZIL = {"lat": (-33.76, 5.28), "lng": (-74.0, -28.8)}
"""Extreme points of Brazil, degrees: Chui to Monte Caburai, Serra do Divisor to the island of Trindade."""

SECONDS_PER_DAY = 86_400.0

UNDER_WAY = ("created", "approved", "invoiced", "processing", "shipped")
"""States of an order that may still be delivered."""


LONGEST_DAYS = 365
"""A longer delivery, or promise, is a wrong date: Olist's longest are 210 and 156 days."""


def _has_status(*names: str) -> pl.Expr:
    return pl.any_horizontal(pl.col("order_status") == name for name in names)


NEGATIVE = "negative delivery time"
WRONG_SPANS = {
    NEGATIVE: pl.col("delivery_days") < 0,
    f"delivery time above {LONGEST_DAYS} days": pl.col("delivery_days") > LONGEST_DAYS,
    f"promise outside 0..{LONGEST_DAYS} days": ~pl.col("promised_days").is_between(0, LONGEST_DAYS),
}
"""Dates that cannot be right."""

DROPPED = {
    "no item": pl.col("item_count").is_null(),
    "seller not in the sellers file": pl.col("origin_postal_code").is_null(),
    "customer not in the customers file": pl.col("zip_code_prefix").is_null(),
    "customer's zip prefix has no location": pl.col("destination_lat").is_null(),
    **WRONG_SPANS,
    "cancelled or otherwise never to be delivered": (
        pl.col("delivery_days").is_null() & ~_has_status(*UNDER_WAY, "delivered")
    ),
    "delivered, but without a date": pl.col("delivery_days").is_null() & _has_status("delivered"),
}
"""Why an order cannot be used; the first reason that holds counts."""

FACTS = ("item_count", "weight_g", "freight_value", "price")

COLUMNS = (
    "order_status",
    "purchase_timestamp",
    "shipped_timestamp",
    "delivered_timestamp",
    "promised_timestamp",
    "origin_id",
    "origin_postal_code",
    "origin_region",
    "destination_postal_code",
    "destination_lat",
    "destination_lng",
    "destination_region",
    *FACTS,
    "delivery_days",
    "promised_days",
)


def locations(points: pl.DataFrame) -> pl.DataFrame:
    """Per zip prefix the median of its points inside Brazil: the file has points tens of degrees off."""
    inside = [pl.col(axis).is_between(*limits) for axis, limits in BRAZIL.items()]
    return (
        points.filter(*inside)
        .group_by("zip_code_prefix")
        .agg(pl.median("lat"), pl.median("lng"), region=pl.first("state"), points=pl.len().cast(pl.Int32))
        .with_columns(postal_code=postal_code(pl.col("zip_code_prefix")))
        .sort("zip_code_prefix")
    )


def one_row_per_order(
    orders: pl.DataFrame, baskets: pl.DataFrame, customers: pl.DataFrame, places: pl.DataFrame
) -> pl.DataFrame:
    """Every order in the order given, with `COLUMNS`, `sellers_differ` and `_dropped` (the reason, or null)."""
    seconds = pl.col("delivered_timestamp") - pl.col("purchase_timestamp")
    promised = pl.col("promised_timestamp") - pl.col("purchase_timestamp")
    destination = places.select(
        "zip_code_prefix", destination_postal_code="postal_code", destination_lat="lat", destination_lng="lng"
    )
    return (
        orders.lazy()
        .join(baskets.lazy(), on="order", how="left", maintain_order="left")
        .join(customers.lazy(), on="customer", how="left", maintain_order="left")
        .join(destination.lazy(), on="zip_code_prefix", how="left", maintain_order="left")
        .with_columns(
            delivery_days=seconds.dt.total_seconds() / SECONDS_PER_DAY,
            promised_days=promised.dt.total_seconds() / SECONDS_PER_DAY,
        )
        .with_columns(_dropped=_reason())
        .select(*COLUMNS, "sellers_differ", "_dropped")
        .collect()
    )


def baskets(items: pl.DataFrame, products: pl.DataFrame, sellers: pl.DataFrame) -> pl.DataFrame:
    """Per order: its first item's seller, and the sums over its items (a product without weight counts 0 g).

    Money is rounded to cents, so that a sum is the same whatever order its items were added in.
    """
    numbered = sellers.lazy().with_row_index("seller_row")
    # position and seller in one number: the smallest belongs to the first item, and no group has to be sorted
    place = pl.col("position").cast(pl.Int64) * 2**32 + pl.col("seller_row")
    return (
        items.lazy()
        .join(products.lazy(), on="product", how="left")
        .join(numbered.select("seller", "seller_row"), on="seller", how="left")
        .group_by("order")
        .agg(
            first=place.min(),
            sellers_differ=pl.col("seller_row").min() != pl.col("seller_row").max(),
            item_count=pl.len().cast(pl.Int32),
            weight_g=pl.sum("weight_g"),
            freight_value=pl.sum("freight_value").round(2),
            price=pl.sum("price").round(2),
        )
        .with_columns(seller_row=(pl.col("first") % 2**32).cast(pl.UInt32))
        .drop("first")
        .join(numbered.drop("seller"), on="seller_row", how="left")
        .collect(engine="streaming")
    )


def _reason() -> pl.Expr:
    kind = pl.Enum(list(DROPPED))
    reason = pl.lit(None, dtype=kind)
    for name, holds in reversed(DROPPED.items()):
        reason = pl.when(holds).then(pl.lit(name, dtype=kind)).otherwise(reason)
    return reason

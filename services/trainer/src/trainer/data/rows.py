"""What a request holds of an order, as rows of the two CSV files."""

import polars as pl

from common.orders.names import COORDINATES, COUNTRY_NAMES, OLD_NAMES, POSTAL_CODES, REGIONS
from common.orders.shop.prepared_shop import PreparedShop

PLACES = ("origin_id", *COUNTRY_NAMES, *POSTAL_CODES, *COORDINATES, *REGIONS)
THREE_FACTS = {now: before for before, now in OLD_NAMES.items()}
"""The names that Olist's columns have kept: ours to theirs."""


def general_rows(part: pl.LazyFrame, shop: PreparedShop) -> pl.LazyFrame:
    """The inputs that the shop's orders have, moments in UTC, and `delivery_time`."""
    given = part.select(pl.col(PLACES).count() > 0).collect(engine="streaming").row(0, named=True)
    bought = pl.col("purchase_timestamp").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    places = [name for name in PLACES if given[name]]
    return part.select(bought, *places, *shop.facts.numeric, *shop.facts.category, "delivery_time")


def olist_rows(part: pl.LazyFrame, shop: PreparedShop) -> pl.LazyFrame:
    """The three facts by their old names, by purchase, moments on the shop's clock, and `delivery_time`."""
    bought = pl.col("purchase_timestamp").dt.convert_time_zone(shop.time_zone)
    code, lat, lng = (pl.col(name) for name in ("origin_postal_code", "destination_lat", "destination_lng"))
    return part.sort("purchase_timestamp", maintain_order=True).select(
        *(column.alias(THREE_FACTS[column.meta.output_name()]) for column in (code.cast(pl.Int32), lat, lng)),
        bought.dt.strftime("%Y-%m-%d %H:%M:%S"),
        "delivery_time",
    )

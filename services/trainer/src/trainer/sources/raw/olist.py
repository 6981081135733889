"""Olist's nine files as one table of orders with the names of the general one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from trainer.data.olist.check import missing_files_and_columns, strings
from trainer.data.olist.files import CUSTOMERS, GEOLOCATION, ITEMS, ORDERS, PRODUCTS, SELLERS
from trainer.data.olist.join import locations
from trainer.data.olist.parsing import number, zip_prefix
from trainer.data.olist.problems import UnusableData

PIECE_ROWS = 200_000

MOMENTS = {
    "purchase_timestamp": "order_purchase_timestamp",
    "shipped_timestamp": "order_delivered_carrier_date",
    "delivered_timestamp": "order_delivered_customer_date",
    "promised_timestamp": "order_estimated_delivery_date",
}
FACTS = ("item_count", "weight_g", "freight_value", "price")
COLUMNS = (
    "order_id",
    "order_status",
    *MOMENTS,
    "origin_id",
    "origin_postal_code",
    "origin_region",
    "destination_postal_code",
    "destination_lat",
    "destination_lng",
    "destination_region",
    *FACTS,
)


@dataclass(frozen=True)
class OlistTable:
    """One row per order: its first item's seller, its customer's place, sums over its items."""

    name: str
    folder: Path
    columns: tuple[str, ...] = COLUMNS
    damaged: int = 0
    notes: tuple[str, ...] = ("Olist's nine files",)

    def pieces(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The orders in their file's order; UnusableData when a file or a column is missing."""
        yield from self._rows.select(columns).iter_slices(PIECE_ROWS)

    @cached_property
    def _rows(self) -> pl.DataFrame:
        problems = missing_files_and_columns(self.folder)
        if problems:
            raise UnusableData(self.folder, problems)
        orders = strings(ORDERS, self.folder).select(
            "order_id", "customer_id", "order_status", **{name: pl.col(theirs) for name, theirs in MOMENTS.items()}
        )
        rows = (
            orders.join(self._baskets(), on="order_id", how="left", maintain_order="left")
            .join(self._customers(), on="customer_id", how="left", maintain_order="left")
            .select(pl.col(COLUMNS).cast(pl.String))
        )
        return rows.collect()

    def _baskets(self) -> pl.LazyFrame:
        sellers = strings(SELLERS, self.folder).select(
            origin_id="seller_id", origin_postal_code="seller_zip_code_prefix", origin_region="seller_state"
        )
        weights = strings(PRODUCTS, self.folder).select("product_id", weight_g=number("product_weight_g"))
        first = pl.col("seller_id").get(number("order_item_id").arg_min())
        return (
            strings(ITEMS, self.folder)
            .join(weights, on="product_id", how="left")
            .group_by("order_id")
            .agg(
                origin_id=first,
                item_count=pl.len(),
                weight_g=pl.sum("weight_g"),
                freight_value=number("freight_value").sum().round(2),
                price=number("price").sum().round(2),
            )
            .join(sellers, on="origin_id", how="left")
        )

    def _customers(self) -> pl.LazyFrame:
        points = strings(GEOLOCATION, self.folder).select(
            zip_code_prefix=zip_prefix("geolocation_zip_code_prefix"),
            lat=number("geolocation_lat"),
            lng=number("geolocation_lng"),
            state="geolocation_state",
        )
        places = (
            locations(points.collect())
            .lazy()
            .select(place="zip_code_prefix", destination_lat="lat", destination_lng="lng")
        )
        return (
            strings(CUSTOMERS, self.folder)
            .with_columns(place=zip_prefix("customer_zip_code_prefix"))
            .join(places, on="place", how="left")
            .select(
                "customer_id",
                "destination_lat",
                "destination_lng",
                destination_postal_code="customer_zip_code_prefix",
                destination_region="customer_state",
            )
        )

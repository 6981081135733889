"""Olist's orders and places with the names and the local clock that the model still reads them by."""

from pathlib import Path

import polars as pl

from trainer.sources.build import PLACES

SECONDS_PER_DAY = 86_400.0


def write_earlier_tables(orders: pl.LazyFrame, folder: Path, zone: str) -> None:
    """orders.parquet and geolocation.parquet."""
    bought, delivered, promised = (pl.col(f"{name}_timestamp") for name in ("purchase", "delivered", "promised"))

    def local(moment: pl.Expr) -> pl.Expr:
        return moment.dt.convert_time_zone(zone).dt.replace_time_zone(None)

    orders.select(
        "order_id",
        seller_zip_code_prefix=pl.col("origin_postal_code").cast(pl.Int32),
        customer_zip_code_prefix=pl.col("destination_postal_code").cast(pl.Int32),
        customer_lat="destination_lat",
        customer_lng="destination_lng",
        customer_state="destination_region",
        seller_state="origin_region",
        purchase_timestamp=local(bought),
        delivered_timestamp=local(delivered),
        estimated_timestamp=local(promised),
        delivery_days=(delivered - bought).dt.total_seconds() / SECONDS_PER_DAY,
        promised_days=(promised - bought).dt.total_seconds() / SECONDS_PER_DAY,
    ).sink_parquet(folder / "orders.parquet")
    pl.scan_parquet(folder / PLACES).select(
        pl.col("postal_code").cast(pl.Int32).alias("zip_code_prefix"), "lat", "lng", state="region", points="points"
    ).sink_parquet(folder / "geolocation.parquet")

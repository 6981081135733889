"""What is read of each file: typed columns, made of the file's text. What no column here is made of is not needed."""

import polars as pl

from trainer.sources.olist.files import CUSTOMERS, GEOLOCATION, ITEMS, ORDERS, PRODUCTS, SELLERS, CsvFile
from trainer.sources.olist.parsing import date, number, postal_code, zip_prefix


def needed_columns(file: CsvFile) -> list[str]:
    """The columns without which the file cannot be used, in the order of Kaggle's file."""
    names = {*file.required, *file.key}
    for expression in CONTENT.get(file.name, {}).values():
        names |= set(expression.meta.root_names())
    return [column for column in file.columns if column in names]


def _category(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Categorical)


KEYS = {ORDERS.name: "order", ITEMS.name: "key", CUSTOMERS.name: "customer", SELLERS.name: "seller"}
KEYS |= {PRODUCTS.name: "product"}
"""The column that holds the hash of the file's key."""

CONTENT: dict[str, dict[str, pl.Expr]] = {
    ORDERS.name: {
        "order": pl.col("order_id").hash(),
        "customer": pl.col("customer_id").hash(),
        "order_status": _category("order_status"),
        "purchase_timestamp": date("order_purchase_timestamp"),
        "shipped_timestamp": date("order_delivered_carrier_date"),
        "delivered_timestamp": date("order_delivered_customer_date"),
        "promised_timestamp": date("order_estimated_delivery_date"),
    },
    ITEMS.name: {
        "key": pl.struct(pl.col("order_id").hash(), "order_item_id").hash(),
        "order": pl.col("order_id").hash(),
        "position": number("order_item_id").cast(pl.UInt32, strict=False),
        "product": pl.col("product_id").hash(),
        "seller": pl.col("seller_id").hash(),
        "price": number("price"),
        "freight_value": number("freight_value"),
    },
    CUSTOMERS.name: {
        "customer": pl.col("customer_id").hash(),
        "zip_code_prefix": zip_prefix("customer_zip_code_prefix"),
        "destination_region": _category("customer_state"),
    },
    SELLERS.name: {
        "seller": pl.col("seller_id").hash(),
        "origin_id": _category("seller_id"),
        "origin_postal_code": postal_code(zip_prefix("seller_zip_code_prefix")),
        "origin_region": _category("seller_state"),
    },
    PRODUCTS.name: {
        "product": pl.col("product_id").hash(),
        "weight_g": number("product_weight_g"),
    },
    GEOLOCATION.name: {
        "zip_code_prefix": zip_prefix("geolocation_zip_code_prefix"),
        "lat": number("geolocation_lat"),
        "lng": number("geolocation_lng"),
        "state": _category("geolocation_state"),
    },
}

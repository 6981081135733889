"""The files' rows, typed and compact: ids become 64-bit hashes, so that ten million orders fit in memory.

Two of ten million ids share a hash with a chance of 3e-6 (birthday bound n² / 2⁶⁵).
"""

from pathlib import Path

import polars as pl

from trainer.data.check import date, describe_duplicates, describe_unreadable, number, strings, unreadable, zip_prefix
from trainer.data.files import CUSTOMERS, GEOLOCATION, ITEMS, ORDERS, PRODUCTS, REVIEWS, SELLERS, Table
from trainer.data.problems import UnusableData

JOINED = {
    "orders": ORDERS,
    "items": ITEMS,
    "customers": CUSTOMERS,
    "sellers": SELLERS,
    "products": PRODUCTS,
    "geolocation": GEOLOCATION,
}


def read(folder: Path) -> dict[str, pl.DataFrame]:
    """Read and check the files, by the names of JOINED, in the files' order.

    UnusableData names every column with unreadable values and every duplicated key.
    """
    frames = {}
    problems: list[str] = []
    for name, table in (JOINED | {"reviews": REVIEWS}).items():
        frames[name], found = _read(table, folder)
        problems += found
    if problems:
        raise UnusableData(folder, problems)
    return {name: frames[name] for name in JOINED}


def read_order_ids(folder: Path) -> pl.Series:
    """The orders' ids in the file's order: half of the orders' memory, so they are read when they are written."""
    return strings(ORDERS, folder).select("order_id").collect(engine="streaming").to_series()


def _read(table: Table, folder: Path) -> tuple[pl.DataFrame, list[str]]:
    checks = {f"unreadable {column}": check for column, check in unreadable(table).items()}
    rows = strings(table, folder).select(**CONTENT[table.name], **checks)
    try:
        frame = rows.collect(engine="streaming")
        flagged = frame.select(pl.col(name).any() for name in checks).row(0, named=True)
        columns = [name.removeprefix("unreadable ") for name, found in flagged.items() if found]
        problems = [describe_unreadable(table, folder, column) for column in columns]
        if table.key and frame.select(pl.n_unique(KEYS[table.name])).item() < frame.height:
            problems += describe_duplicates(table, folder)
    except pl.exceptions.PolarsError as error:
        reason = str(error).strip().splitlines()[0]
        return pl.DataFrame(), [f"{table.name}: not readable as comma-separated UTF-8 text: {reason}"]
    return frame.drop(*checks, "key", strict=False), problems


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
        "delivered_timestamp": date("order_delivered_customer_date"),
        "estimated_timestamp": date("order_estimated_delivery_date"),
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
        "customer_zip_code_prefix": zip_prefix("customer_zip_code_prefix"),
        "customer_state": _category("customer_state"),
    },
    SELLERS.name: {
        "seller": pl.col("seller_id").hash(),
        "seller_zip_code_prefix": zip_prefix("seller_zip_code_prefix"),
        "seller_state": _category("seller_state"),
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
    REVIEWS.name: {},
}

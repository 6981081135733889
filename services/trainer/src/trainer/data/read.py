"""The files' rows, typed and compact: ids become 64-bit hashes, so that ten million orders fit in memory.

Two of ten million ids share a hash with a chance of 3e-6 (birthday bound n² / 2⁶⁵).
"""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from trainer.data.check import date, describe_duplicates, describe_unreadable, number, strings, unreadable, zip_prefix
from trainer.data.files import CUSTOMERS, GEOLOCATION, ITEMS, ORDERS, PRODUCTS, REVIEWS, SELLERS, Table
from trainer.data.problems import UnusableData

CHECKED = (ORDERS, ITEMS, CUSTOMERS, SELLERS, PRODUCTS, GEOLOCATION, REVIEWS)


@dataclass(frozen=True)
class Rows:
    """The checked rows of the files that are joined."""

    orders: pl.DataFrame
    items: pl.DataFrame
    customers: pl.DataFrame
    sellers: pl.DataFrame
    products: pl.DataFrame
    geolocation: pl.DataFrame

    def counts(self) -> dict[str, int]:
        """Rows per table."""
        return {name: getattr(self, name).height for name in self.__dataclass_fields__}


def read(folder: Path) -> Rows:
    """Read and check the files; UnusableData names every column with unreadable values and every duplicated key."""
    frames = {}
    problems: list[str] = []
    for table in CHECKED:
        frames[table.name], found = _read(table, folder)
        problems += found
    if problems:
        raise UnusableData(folder, problems)
    joined = (ORDERS, ITEMS, CUSTOMERS, SELLERS, PRODUCTS, GEOLOCATION)
    return Rows(*(frames[table.name] for table in joined))


def _read(table: Table, folder: Path) -> tuple[pl.DataFrame, list[str]]:
    checks = {f"unreadable {column}": check for column, check in unreadable(table).items()}
    rows = strings(table, folder).select(**CONTENT[table.name], **checks)
    try:
        frame = rows.collect(engine="streaming")
        flagged = frame.select(pl.col(name).any() for name in checks).row(0, named=True)
        columns = [name.removeprefix("unreadable ") for name, found in flagged.items() if found]
        problems = [describe_unreadable(table, folder, column) for column in columns]
        if table.key and frame.select(pl.n_unique("key")).item() < frame.height:
            problems += describe_duplicates(table, folder)
    except pl.exceptions.PolarsError as error:
        reason = str(error).strip().splitlines()[0]
        return pl.DataFrame(), [f"{table.name}: not readable as comma-separated UTF-8 text: {reason}"]
    return frame.drop(*checks, "key", strict=False), problems


def _category(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Categorical)


CONTENT: dict[str, dict[str, pl.Expr]] = {
    ORDERS.name: {
        "key": pl.col("order_id").hash(),
        "order": pl.col("order_id").hash(),
        "customer": pl.col("customer_id").hash(),
        "order_id": pl.col("order_id"),
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
        "key": pl.col("customer_id").hash(),
        "customer": pl.col("customer_id").hash(),
        "customer_zip_code_prefix": zip_prefix("customer_zip_code_prefix"),
        "customer_state": _category("customer_state"),
    },
    SELLERS.name: {
        "key": pl.col("seller_id").hash(),
        "seller": pl.col("seller_id").hash(),
        "seller_zip_code_prefix": zip_prefix("seller_zip_code_prefix"),
        "seller_state": _category("seller_state"),
    },
    PRODUCTS.name: {
        "key": pl.col("product_id").hash(),
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

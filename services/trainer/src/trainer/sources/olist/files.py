"""The nine files of the Olist data set: names, columns, and what their values must be."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class CsvFile:
    """One CSV file. columns: all that Kaggle's has. Those named again are checked value by value, if they are there."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    zip_prefixes: tuple[str, ...] = ()
    required: tuple[str, ...] = ()

    def path(self, folder: Path) -> Path:
        """Where the file lies in a data folder."""
        return folder / self.name


ORDERS = CsvFile(
    name="olist_orders_dataset.csv",
    columns=(
        "order_id",
        "customer_id",
        "order_status",
        "order_purchase_timestamp",
        "order_approved_at",
        "order_delivered_carrier_date",
        "order_delivered_customer_date",
        "order_estimated_delivery_date",
    ),
    key=("order_id",),
    dates=(
        "order_purchase_timestamp",
        "order_approved_at",
        "order_delivered_carrier_date",
        "order_delivered_customer_date",
        "order_estimated_delivery_date",
    ),
    required=("order_id", "customer_id", "order_status", "order_purchase_timestamp", "order_estimated_delivery_date"),
)
ITEMS = CsvFile(
    name="olist_order_items_dataset.csv",
    columns=(
        "order_id",
        "order_item_id",
        "product_id",
        "seller_id",
        "shipping_limit_date",
        "price",
        "freight_value",
    ),
    key=("order_id", "order_item_id"),
    dates=("shipping_limit_date",),
    numbers=("order_item_id", "price", "freight_value"),
    required=("order_id", "order_item_id", "seller_id"),
)
CUSTOMERS = CsvFile(
    name="olist_customers_dataset.csv",
    columns=("customer_id", "customer_unique_id", "customer_zip_code_prefix", "customer_city", "customer_state"),
    key=("customer_id",),
    zip_prefixes=("customer_zip_code_prefix",),
    required=("customer_id", "customer_zip_code_prefix"),
)
SELLERS = CsvFile(
    name="olist_sellers_dataset.csv",
    columns=("seller_id", "seller_zip_code_prefix", "seller_city", "seller_state"),
    key=("seller_id",),
    zip_prefixes=("seller_zip_code_prefix",),
    required=("seller_id", "seller_zip_code_prefix"),
)
PRODUCTS = CsvFile(
    name="olist_products_dataset.csv",
    columns=(
        "product_id",
        "product_category_name",
        "product_name_lenght",
        "product_description_lenght",
        "product_photos_qty",
        "product_weight_g",
        "product_length_cm",
        "product_height_cm",
        "product_width_cm",
    ),
    key=("product_id",),
    numbers=("product_weight_g",),
    required=("product_id",),
)
GEOLOCATION = CsvFile(
    name="olist_geolocation_dataset.csv",
    columns=(
        "geolocation_zip_code_prefix",
        "geolocation_lat",
        "geolocation_lng",
        "geolocation_city",
        "geolocation_state",
    ),
    numbers=("geolocation_lat", "geolocation_lng"),
    zip_prefixes=("geolocation_zip_code_prefix",),
    required=("geolocation_zip_code_prefix", "geolocation_lat", "geolocation_lng"),
)
PAYMENTS = CsvFile(
    name="olist_order_payments_dataset.csv",
    columns=("order_id", "payment_sequential", "payment_type", "payment_installments", "payment_value"),
)
REVIEWS = CsvFile(
    name="olist_order_reviews_dataset.csv",
    columns=(
        "review_id",
        "order_id",
        "review_score",
        "review_comment_title",
        "review_comment_message",
        "review_creation_date",
        "review_answer_timestamp",
    ),
    dates=("review_creation_date", "review_answer_timestamp"),
)
TRANSLATION = CsvFile(
    name="product_category_name_translation.csv",
    columns=("product_category_name", "product_category_name_english"),
)

FILES = (ORDERS, ITEMS, CUSTOMERS, SELLERS, PRODUCTS, GEOLOCATION, PAYMENTS, REVIEWS, TRANSLATION)

DATE_FORMAT = "%Y-%m-%d %H:%M:%S"

"""How much faster `prepare-data` is than the same joins in plain pandas, both measured in this process.

`python tests/bench/prepare.py 10000000` measures time and memory on that many made-up orders instead: of Olist's kind,
or of another kind of shop, named behind (`letters`).
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import pandas as pd
from tests.support.olist_folder import prepare_olist

from common.settings import load
from trainer.data.settings import DataSettings
from trainer.data.synthetic.generate import Wanted, synthesize
from trainer.sources.olist.check import missing_files_and_columns
from trainer.sources.olist.files import CUSTOMERS, GEOLOCATION, ITEMS, ORDERS, PRODUCTS, SELLERS
from trainer.sources.olist.join import BRAZIL, UNDER_WAY

REPEATS = 3
DATES = ["order_purchase_timestamp", "order_delivered_customer_date", "order_estimated_delivery_date"]


def measure() -> dict[str, float]:
    """Best of three runs each on the data set in use (made-up orders when there is none): seconds, and their ratio."""
    with TemporaryDirectory() as folder:
        return compare(_dataset(Path(folder)), Path(folder))


def compare(dataset: Path, target: Path) -> dict[str, float]:
    """Prepare the data set both ways; the two must agree on the number of orders."""
    ours, our_orders = _best(lambda: prepare_olist(dataset, target / "prepared").orders)
    pandas, pandas_orders = _best(lambda: prepare_with_pandas(dataset, target))
    if our_orders != pandas_orders:
        raise AssertionError(f"prepare-data keeps {our_orders} orders, pandas {pandas_orders}")
    return {"prepare_vs_pandas": pandas / ours, "prepare_s": ours, "prepare_pandas_s": pandas}


def measure_at_scale(orders: int, kind: str = "olist") -> dict[str, float]:
    """Orders made per second, seconds to prepare them, and the peak memory of either in a process of its own (MB).

    kind: of the shop, as `trainer synthesize --shop` knows them.
    """
    with TemporaryDirectory() as folder:
        dataset = Path(folder) / "dataset"
        made_s, made_mb = _in_a_process("synthesize", "--shop", kind, "--orders", str(orders), "--out", str(dataset))
        os.environ |= {"OLIST_DIR": str(dataset), "DATA_DIR": folder}
        if kind != "olist":
            os.environ["SHOP_FILE"] = str(dataset / "shop.toml")
        prepared_s, prepared_mb = _in_a_process("prepare-data")
    return {
        "orders": orders,
        "orders_made_per_s": orders / made_s,
        "making_rss_mb": made_mb,
        "prepare_s": prepared_s,
        "prepare_rss_mb": prepared_mb,
    }


def prepare_with_pandas(data_dir: Path, target: Path) -> int:
    """`read_csv`, `merge`, `groupby`: the same tables, without the checks."""
    orders = pd.read_csv(ORDERS.path(data_dir), parse_dates=DATES)
    items = pd.read_csv(ITEMS.path(data_dir))
    customers = pd.read_csv(CUSTOMERS.path(data_dir))
    sellers = pd.read_csv(SELLERS.path(data_dir))
    products = pd.read_csv(PRODUCTS.path(data_dir))
    points = pd.read_csv(GEOLOCATION.path(data_dir))
    for axis, (low, high) in BRAZIL.items():
        points = points[points[f"geolocation_{axis}"].between(low, high)]
    places = points.groupby("geolocation_zip_code_prefix").agg(
        customer_lat=("geolocation_lat", "median"),
        customer_lng=("geolocation_lng", "median"),
        state=("geolocation_state", "first"),
        points=("geolocation_state", "size"),
    )
    items = items.merge(products[["product_id", "product_weight_g"]], on="product_id", how="left")
    items = items.sort_values(["order_id", "order_item_id"]).groupby("order_id").agg(
        seller_id=("seller_id", "first"),
        item_count=("order_item_id", "size"),
        total_weight_g=("product_weight_g", "sum"),
        freight_value=("freight_value", "sum"),
        price=("price", "sum"),
    )  # fmt: skip
    table = (
        orders.merge(items, on="order_id", how="inner")
        .merge(sellers, on="seller_id", how="inner")
        .merge(customers, on="customer_id", how="inner")
        .merge(places, left_on="customer_zip_code_prefix", right_index=True, how="inner")
    )
    purchase = table["order_purchase_timestamp"]
    table["delivery_time"] = (table["order_delivered_customer_date"] - purchase).dt.total_seconds() / 86_400
    table["promised_days"] = (table["order_estimated_delivery_date"] - purchase).dt.total_seconds() / 86_400
    under_way = table["delivery_time"].isna() & table["order_status"].isin(UNDER_WAY)
    table = table[(table["delivery_time"] >= 0) | under_way]
    delivered = table[table["delivery_time"].notna()]
    cutoff = delivered["order_purchase_timestamp"].quantile(0.8).normalize()
    columns = ["seller_zip_code_prefix", "customer_lat", "customer_lng", "order_purchase_timestamp", "delivery_time"]
    train = delivered[delivered["order_delivered_customer_date"] < cutoff]
    valid = delivered[delivered["order_purchase_timestamp"] >= cutoff]
    table.to_parquet(target / "orders.parquet")
    places.to_parquet(target / "geolocation.parquet")
    train[columns].to_csv(target / "train_dataset.csv", index=False)
    valid[columns].to_csv(target / "valid_dataset.csv", index=False)
    return len(table)


def _best(run: Callable[[], int]) -> tuple[float, int]:
    seconds = []
    for _ in range(REPEATS):
        started = perf_counter()
        orders = run()
        seconds.append(perf_counter() - started)
    return min(seconds), orders


def _dataset(folder: Path) -> Path:
    dataset = load(DataSettings).dataset
    if not missing_files_and_columns(dataset):
        return dataset
    synthesize(Wanted(), folder / "dataset")
    return folder / "dataset"


def _in_a_process(*arguments: str) -> tuple[float, float]:
    started = perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "trainer.cli", *arguments])
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"trainer {' '.join(arguments)} failed")
    return perf_counter() - started, usage.ru_maxrss / 1024


if __name__ == "__main__":
    print(measure_at_scale(int(sys.argv[1]), *sys.argv[2:]) if sys.argv[1:] else measure())

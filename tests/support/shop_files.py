"""Shops for tests: a few made-up orders, written as a file and a shop file beside it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from common.orders.shop.read import read_shop
from common.servers.objects import ObjectStore
from support.olist_folder import nowhere
from trainer.data.staging import staged_folder
from trainer.sources.build import ORDERS, build
from trainer.sources.raw.open import Sources
from trainer.sources.report import OrdersReport

HEADER = "order_id,purchase_timestamp,delivered_timestamp"
ROWS = "a1,2020-03-02 10:00:00,2020-03-05 16:00:00\na2,2020-03-03 11:00:00,\n"


@dataclass
class ShopFolder:
    """A folder with a shop file; `environment` holds the secrets that its sources name."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    store: Callable[[], ObjectStore] = nowhere

    def orders(self, content: str | bytes, name: str = "orders.csv") -> None:
        """Write the orders' file."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def shop(
        self, orders: str = "", rest: str = "", source: str = "orders.csv", zone: str = "UTC", country: str = "DE"
    ) -> Path:
        """Write the shop file: further lines of [orders], and further sections."""
        path = self.folder / "shop.toml"
        head = f'name = "test"\ncountry = "{country}"\ntime_zone = "{zone}"\n[orders]\nsource = "{source}"\n'
        path.write_text(f"{head}{orders}\n{rest}")
        return path

    def build(self, path: Path | None = None) -> tuple[pl.DataFrame, OrdersReport]:
        """The general table and its report."""
        shop = read_shop(path or self.folder / "shop.toml", self.environment)
        target = self.folder / "out"
        with staged_folder(target) as folder:
            report = build(shop, Sources(self.environment, self.store), folder).report
        return pl.read_parquet(target / ORDERS), report


def dicts(orders: pl.DataFrame, *columns: str) -> list[tuple[object, ...]]:
    """These columns' rows."""
    return orders.select(columns).rows()

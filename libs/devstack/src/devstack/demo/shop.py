"""Whose orders the demo runs on: Olist's, or a shop's own: SHOP=shop.toml, or ORDERS=orders.csv, to be inspected."""

import csv
import io
import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.errors import InvalidInput
from common.orders.names import COORDINATES
from common.orders.shop.prepared_shop import PreparedShop

OLISTS_ORDER = {"seller_zip_code_prefix": 9350, "customer_lat": -23.577, "customer_lng": -46.587}
"""The example of the documentation."""

LABEL = "delivery_time"


@dataclass(frozen=True)
class DemoShop:
    """file: the shop file, None for Olist's. tables: what it is to be drafted from, empty if it is there."""

    file: Path | None = None
    tables: tuple[Path, ...] = ()

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "DemoShop":
        """As ORDERS or SHOP say; InvalidInput if both do, or a file is not there."""
        orders, shop = environment.get("ORDERS", ""), environment.get("SHOP", "")
        if not orders and not shop:
            return cls()
        if orders and shop:
            raise InvalidInput(f"ORDERS={orders} and SHOP={shop} both name a shop: leave one of them out")
        if environment.get("STACK", "embedded") != "embedded":
            raise InvalidInput("ORDERS and SHOP need the embedded stack: containers do not see these files")
        paths = (
            tuple(map(Path, [orders] if Path(orders).exists() else shlex.split(orders))) if orders else (Path(shop),)
        )
        for path in paths:
            if not path.exists():
                raise InvalidInput(f"{path} does not exist, seen from {Path.cwd()}")
        if shop:
            return cls(paths[0].absolute())
        file = Path(environment.get("DATA_DIR", "data_store"), "shops", f"{paths[0].name.partition('.')[0]}.toml")
        return cls(file.absolute(), () if _is_draft_of(file, paths[0]) else paths)

    @property
    def environment(self) -> dict[str, str]:
        """What services and commands must know of it."""
        return {"SHOP_FILE": str(self.file)} if self.file else {}


def _is_draft_of(file: Path, orders: Path) -> bool:
    if not file.exists():
        return False
    source = tomllib.loads(file.read_text(encoding="utf-8"))["orders"]["source"]
    return (file.parent / source).resolve() == orders.resolve()


def requested(rows: bytes, shop: PreparedShop) -> tuple[dict[str, Any], float]:
    """The body that asks for the last of these orders (CSV, as `prepare-data` writes them), and its days."""
    *_, row = csv.DictReader(io.StringIO(rows.decode()))
    known = {name: value for name, value in row.items() if value and name != LABEL}
    numbers = {*COORDINATES, *shop.facts.numeric}
    values = {name: float(value) if name in numbers else value for name, value in known.items()}
    declared = (*shop.facts.numeric, *shop.facts.category)
    facts = {name: values.pop(name) for name in declared if name in values}
    return values | ({"facts": facts} if facts else {}), float(row[LABEL])

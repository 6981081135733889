"""Olist's own shop file, and what may stand in any shop file whose source is Olist's nine files."""

import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from common.orders.shop.sections import OrdersSource, Shop
from common.orders.shop.source import OLIST
from trainer.sources.olist.join import FACTS, UNDER_WAY

TAKEN = {"source", "as_of", "status"}


def olist_shop(folder: Path) -> Shop:
    """The built-in description, with the nine files in this folder."""
    content = tomllib.loads((files(__package__) / "shop.toml").read_text(encoding="utf-8"))
    content["orders"]["source"] = f"{OLIST}{folder.absolute()}"
    return Shop.model_validate(content)


def unfitting(shop: Shop) -> Iterator[str]:
    """What a shop file says that does not fit the nine files, a line each."""
    unset = OrdersSource(source=shop.orders.source)
    for name in OrdersSource.model_fields:
        if name not in TAKEN and getattr(shop.orders, name) != getattr(unset, name):
            yield f"orders.{name} does not apply to Olist's nine files, whose columns are known: remove it"
    for name in (*shop.facts.numeric, *shop.facts.category):
        if name not in FACTS:
            yield f"facts: there is no {name!r} in Olist's nine files (there are: {', '.join(FACTS)})"
    status = shop.orders.status
    if status is None:
        return
    if status.column != "order_status":
        yield f"orders.status: the column is order_status (got {status.column!r})"
    if wrong := sorted({*status.cancelled, *status.lost} & {*UNDER_WAY, "delivered"}):
        yield f"orders.status: orders that are {', '.join(wrong)} may still be delivered: remove {', '.join(wrong)}"

"""Orders as the prediction log keeps them."""

from collections.abc import Mapping, Sequence
from typing import Any

from common.orders.names import OLD_NUMBERS, WISHES
from common.orders.orders import Orders
from common.orders.reading import Reading

LOGGED = ("seller_zip_code_prefix", "customer_lat", "customer_lng", "purchase_timestamp", "order_id")
"""The fields of an order that have a column of their own; all others are in `further`, by name, facts among them."""

PROMISES = "promises"
"""In `further`: the promises that were given, each a pair of its on-time share and its days."""

KEPT_ELSEWHERE = frozenset((*LOGGED, *OLD_NUMBERS.values(), *WISHES))
"""The destination's coordinates stand in the columns of their old names."""


def further(order: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the log keeps in `further`: an order's given fields beside LOGGED; None if there are none."""
    return {name: order[name] for name in order.keys() - KEPT_ELSEWHERE if order[name] is not None} or None


def logged_orders(columns: Mapping[str, Sequence[Any]], reading: Reading) -> Orders:
    """n orders from columns of the log: LOGGED's and `further`."""
    found: dict[str, Any] = {name: values for name, values in columns.items() if name != "further"}
    rows = [row or {} for row in columns["further"]]
    names = sorted({name for row in rows for name in row} - {"facts"})
    found |= {name: [row.get(name) for row in rows] for name in names}
    if any("facts" in row for row in rows):
        facts = [row.get("facts") or {} for row in rows]
        found |= {name: [row.get(name) for row in facts] for name in reading.facts}
    return Orders.of_columns(found, reading.numeric, reading.category, reading.promised)

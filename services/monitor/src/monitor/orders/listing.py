"""The orders at risk for people (a table) and for programs (CSV)."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime

from rich.table import Table

from common.database.tables import OrderAtRisk

COLUMNS = (
    "order_id", "late_probability", "promised_at", "expected_at", "purchase_timestamp", "shipped_at", "since",
    "computed_at", "model_version", "owner",
)  # fmt: skip


def as_csv(orders: Sequence[OrderAtRisk]) -> str:
    """One line an order under a header; moments in ISO 8601, UTC."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for order in orders:
        values = vars(order) | {"late_probability": round(order.probability, 4)}
        writer.writerow([_text(values[name]) for name in COLUMNS])
    return text.getvalue()


def as_table(orders: Sequence[OrderAtRisk]) -> Table:
    """What one looks at first."""
    table = Table("order", "probability", "promised", "expected", "shipped", "since", box=None, pad_edge=False)
    for order in orders:
        moments = (order.promised_at, order.expected_at, order.shipped_at, order.since)
        shown = (f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}" if moment else "" for moment in moments)
        table.add_row(order.order_id, f"{order.probability:.2f}", *shown)
    return table


def _text(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value

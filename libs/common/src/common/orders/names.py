"""The names of an order's fields, the names they had before, and what may stand in their place."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Final

MOMENTS: Final = ("purchase_timestamp", "shipped_timestamp", "delivered_timestamp", "promised_timestamp")
LATER: Final = ("shipped_timestamp", "under_way_at")
"""Moments after the purchase that change what is forecast of an order."""

PROMISED: Final = "promised_timestamp"
COORDINATES: Final = ("origin_lat", "origin_lng", "destination_lat", "destination_lng")
COUNTRY_NAMES: Final = ("origin_country", "destination_country")
POSTAL_CODES: Final = ("origin_postal_code", "destination_postal_code")
REGIONS: Final = ("origin_region", "destination_region")
TEXTS: Final = ("origin_id", *COUNTRY_NAMES, *POSTAL_CODES, *REGIONS)

FIELDS: Final = ("order_id", *MOMENTS, "origin_id", *COUNTRY_NAMES, *POSTAL_CODES, *COORDINATES, *REGIONS)
"""Every field of an order, in the order of the general table."""

ENDED: Final = "ended_timestamp"
"""In a history, of orders that the system has seen: when one was cancelled or lost."""

OURS: Final = "promise_is_ours"
"""In a history, of orders that the system has seen: whether the promise was our own answer, and so none of the shop's.
"""

SPANS: Final = {
    f"{event}_{unit}": (f"{event}_timestamp", seconds)
    for event in ("delivered", "promised")
    for unit, seconds in (("days", 86_400), ("hours", 3_600), ("minutes", 60))
}
"""A number since the purchase in place of a moment: the moment's name, and the unit in seconds."""

ZIP_CODE_PREFIX: Final = "seller_zip_code_prefix"
OLD_NUMBERS: Final = {"customer_lat": "destination_lat", "customer_lng": "destination_lng"}
OLD_NAMES: Final = {"delivered_at": "delivered_timestamp", ZIP_CODE_PREFIX: "origin_postal_code", **OLD_NUMBERS}
"""Names of earlier versions, still taken everywhere."""

ON_TIME_SHARE: Final = "on_time_share"
DELIVER_BY: Final = "deliver_by"
WISHES: Final = (ON_TIME_SHARE, DELIVER_BY)
"""What may be asked of an order beside its days."""

OF_THE_TABLE: Final = (ENDED, OURS, "_dropped", "delivery_time")
"""Columns that tables of orders have beside an order's fields."""

KNOWN_NAMES: Final = (*FIELDS, *SPANS, *OLD_NAMES)


def field_of(name: str) -> str:
    """The field that a name stands for: itself, its successor, or the moment that a span gives."""
    return SPANS[name][0] if name in SPANS else OLD_NAMES.get(name, name)


def spelt(names: Sequence[str], wanted: Collection[str]) -> list[str]:
    """The names of columns, with those of wanted ones spelt as they are wanted: databases export them in capitals.

    A name stays as it is where another has the right spelling, or differs in capitals too.
    """
    lower = [name.lower() for name in names]
    counted = Counter(lower)
    by_lower = {name.lower(): name for name in wanted if counted[name.lower()] == 1}
    return [by_lower.get(low, name) for name, low in zip(names, lower, strict=True)]

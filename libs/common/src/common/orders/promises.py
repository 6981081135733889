"""What may be asked of an order beside its days: promises at on-time shares, and the probability of a date."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Annotated

from pydantic import PlainValidator, WithJsonSchema

from common.errors import InvalidInput
from common.orders.clock import Clock
from common.orders.moments import MOMENT, YEARS, moment_of

LEAST_SHARE, MOST_SHARE = 0.5, 0.99
MOST_SHARES = 5

SHARE = f"a share from {LEAST_SHARE} to {MOST_SHARE}"
"""What a share must be, in every message."""

DATE_OR_MOMENT = f"a date or {MOMENT}"

DAY = timedelta(days=1)


def shares_of(value: object) -> tuple[float, ...]:
    """The shares that a request names, one or several; ValueError says what they must be."""
    each = value if isinstance(value, list | tuple) else (value,)
    if not 1 <= len(each) <= MOST_SHARES:
        raise ValueError(f"{SHARE}, or a list of 1 to {MOST_SHARES} of them")
    for share in each:
        if isinstance(share, bool) or not isinstance(share, int | float) or not LEAST_SHARE <= share <= MOST_SHARE:
            raise ValueError(f"{SHARE}, or a list of up to {MOST_SHARES} of them")
    return tuple(map(float, each))


def deliver_by_of(value: object) -> date:
    """A date, or a moment, that a request names; ValueError says what it must be."""
    if isinstance(value, date):
        return value
    if not isinstance(value, str):
        raise ValueError(DATE_OR_MOMENT)
    try:
        named = date.fromisoformat(value.strip())
    except ValueError:
        try:
            return moment_of(value)
        except ValueError:
            raise ValueError(DATE_OR_MOMENT) from None
    if not YEARS[0] <= named.year <= YEARS[1]:
        raise ValueError(DATE_OR_MOMENT)
    return named


def end_of(deliver_by: date) -> datetime:
    """The moment until which it may come: the end of a date, or a moment itself."""
    return deliver_by if isinstance(deliver_by, datetime) else datetime.combine(deliver_by, time()) + DAY


def days_until(deliver_by: date, purchase: datetime, clock: Clock) -> float:
    """Days from a purchase (UTC, without zone) to the end of a date on the shop's clock, or to a moment; InvalidInput
    if the purchase is later."""
    is_moment = isinstance(deliver_by, datetime)
    days = (clock.utc_of_one(end_of(deliver_by)) - purchase) / DAY
    if days <= 0:
        bought = clock.local_of_one(purchase)
        shown = bought.isoformat(timespec="seconds") if is_moment else bought.date().isoformat()
        raise InvalidInput(
            f"deliver_by must not be before the purchase (got {deliver_by.isoformat()}, bought {shown} on the shop's "
            "clock)"
        )
    return days


OnTimeShares = Annotated[
    Sequence[float],
    PlainValidator(shares_of),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": LEAST_SHARE, "maximum": MOST_SHARE},
                {
                    "type": "array",
                    "items": {"type": "number", "minimum": LEAST_SHARE, "maximum": MOST_SHARE},
                    "minItems": 1,
                    "maxItems": MOST_SHARES,
                },
            ]
        }
    ),
]
DeliverBy = Annotated[
    date,
    PlainValidator(deliver_by_of),
    WithJsonSchema(
        {"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}], "pattern": r"^20[0-9]{2}-"}
    ),
]

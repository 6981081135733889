"""Orders after the purchase, by the gateway's routes: the word on one, and those that will likely be late."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

from common.errors import InvalidInput
from console.access.visitor import Visitor
from console.gateway import Gateway

PATH = "/orders"
MOST_AT_ONCE = 1_000
"""Orders of one answer of the gateway."""


@dataclass(frozen=True)
class Answer:
    """What was answered about an order when somebody asked, in days from its purchase."""

    predicted_at: datetime
    model_version: str
    delivery_time_days: float
    lower_days: float
    upper_days: float


@dataclass(frozen=True)
class Estimate:
    """When an order under way is expected now, in days from its purchase and in dates of the shop's calendar."""

    delivery_time_days: float
    lower_days: float
    upper_days: float
    delivery_date: date
    lower_date: date
    upper_date: date
    forecast_from: str
    model_version: str
    pace_day: date


@dataclass(frozen=True)
class Order:
    """The present word on an order. status: under_way, delivered, cancelled or lost. answers: the earliest first."""

    order_id: str
    status: str
    purchase_timestamp: datetime
    promised_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    cancelled_at: datetime | None
    lost_at: datetime | None
    answers: tuple[Answer, ...]
    present_estimate: Estimate | None
    late_probability: float | None


@dataclass(frozen=True)
class OrderAtRisk:
    """An order under way that will likely miss its promise, as the monitor has last seen it."""

    order_id: str
    late_probability: float
    promised_at: datetime
    expected_at: datetime
    purchase_timestamp: datetime
    shipped_at: datetime | None
    since: datetime
    computed_at: datetime
    model_version: str


@dataclass(frozen=True)
class OrderPage:
    """A page of them, worst first, and the cursor of the next one."""

    items: list[OrderAtRisk]
    next_cursor: str | None


@dataclass(frozen=True)
class Promised:
    """Which orders at risk are wanted: those promised from the first of these days until the last; None: no bound."""

    first: date | None = None
    last: date | None = None

    @classmethod
    def typed(cls, first: str, last: str) -> "Promised":
        """Days as a form has them, `2026-11-28` or nothing; InvalidInput."""
        return cls(_day("the first day", first), _day("the last day", last))

    def moments(self, zone: ZoneInfo) -> dict[str, str]:
        """As the gateway's route takes them."""
        bounds = (("promised_from", self.first, 0), ("promised_before", self.last, 1))
        return {
            name: datetime.combine(day + timedelta(days=after), time(), zone).isoformat()
            for name, day, after in bounds
            if day is not None
        }


EVERY = Promised()
_ORDER, _PAGE = TypeAdapter(Order), TypeAdapter(OrderPage)


class Orders:
    """What the gateway says of orders, in the visitor's name; GatewayAway, Refused. zone: of typed days."""

    def __init__(self, gateway: Gateway, zone: ZoneInfo) -> None:
        self._gateway = gateway
        self._zone = zone

    async def of(self, visitor: Visitor, order_id: str) -> Order:
        """The word on one order."""
        encoded = "".join(f"%{byte:02X}" for byte in order_id.encode())  # an id may be `..`, which is a path too
        found = await self._gateway.get(visitor, f"{PATH}/{encoded}")
        return _ORDER.validate_json(found.content)

    async def at_risk(self, visitor: Visitor, limit: int, cursor: str | None, promised: Promised) -> OrderPage:
        """Up to `limit` of those at risk, after the cursor of the page before."""
        wanted = promised.moments(self._zone)
        found = await self._gateway.get(visitor, PATH, at_risk="true", limit=limit, cursor=cursor, **wanted)
        return _PAGE.validate_json(found.content)

    async def all_at_risk(self, visitor: Visitor, promised: Promised) -> AsyncIterator[list[OrderAtRisk]]:
        """All of them, as many at once as the gateway gives."""
        cursor = None
        while True:
            page = await self.at_risk(visitor, MOST_AT_ONCE, cursor, promised)
            yield page.items
            if (cursor := page.next_cursor) is None:
                return


def _day(what: str, typed: str) -> date | None:
    if not typed:
        return None
    try:
        day = date.fromisoformat(typed)
        if 2000 <= day.year < 2100:
            return day
    except ValueError:
        pass
    raise InvalidInput(f"{what} must be a date like 2026-11-28 (got {typed[:40]!r})")

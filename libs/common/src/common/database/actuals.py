"""What shops report of their orders later: that they were delivered, shipped, cancelled or lost.

The newest word of a kind counts, whichever way it came; `null` takes it back, and it is as if it had never been said.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, model_validator
from sqlalchemy import text
from sqlalchemy.orm import Session

from common.orders.fields import Moment, OrderId, Strict
from common.orders.moments import naive_utc

KINDS = ("delivered_at", "shipped_at", "cancelled_at", "lost_at")
NEW_NAMES = {"delivered_timestamp": "delivered_at", "shipped_timestamp": "shipped_at"}
"""The order's own names for two of them."""

MOST_REPORTS = 10_000
"""Reports that one transaction takes."""

AHEAD = timedelta(days=1)
"""How far in the future a moment may seem to be: clocks differ, and so do zones where none is given."""

Words = dict[str, datetime | None]
"""Moments by their kind (UTC), None where one is taken back."""


def _come(moment: datetime) -> datetime:
    if naive_utc(moment) > naive_utc(datetime.now(UTC)) + AHEAD:
        raise ValueError("a moment that has come, at most a day from now")
    return moment


Past = Annotated[Moment, AfterValidator(_come)]


class OrderReport(Strict):
    """What has become of an order: at least one moment, or null for one that is taken back.

    Order ids are one name space of an installation, whoever reports them.
    """

    order_id: OrderId
    delivered_at: Past | None = None
    delivered_timestamp: Past | None = None
    shipped_at: Past | None = None
    shipped_timestamp: Past | None = None
    cancelled_at: Past | None = None
    lost_at: Past | None = None

    @model_validator(mode="after")
    def _says_something_once(self) -> Self:
        said = self.model_fields_set
        for new, name in NEW_NAMES.items():
            if new in said and name in said:
                raise ValueError(f"a report with either {name} or {new}: they are the same")
        if len(said) < 2:
            raise ValueError(f"a report with at least one of {', '.join(KINDS)}")
        return self

    @property
    def words(self) -> Words:
        """What it says."""
        return {
            NEW_NAMES.get(name, name): _utc(getattr(self, name)) for name in self.model_fields_set if name != "order_id"
        }


@dataclass(frozen=True)
class Speaker:
    """Who reports: the owner and id of the API key, '' where none was needed. overrules: the words of others too."""

    owner: str = ""
    key_id: str = ""
    overrules: bool = True


ANYONE = Speaker()


def store(session: Session, reports: Iterable[OrderReport], speaker: Speaker = ANYONE) -> int:
    """Write the newest word of each kind about each order; how many orders that were.

    An order of which another owner has spoken is left as it is, and not counted, unless the speaker overrules. Rows
    are locked in the order of their ids: senders of the same orders wait for each other in one direction only.
    """
    orders: dict[str, Words] = {}
    for report in reports:
        orders.setdefault(report.order_id, {}).update(report.words)
    ids = sorted(orders)
    moments = {kind: [orders[order_id].get(kind) for order_id in ids] for kind in KINDS}
    said = [sum(bit for kind, bit in BITS.items() if kind in orders[order_id]) for order_id in ids]
    values = {"ids": ids, "said": said, **moments, **asdict(speaker)}
    return len(session.execute(_STORE, values).all())


BITS = {kind: 1 << number for number, kind in enumerate(KINDS)}
"""What the column `said` has of each kind."""


def _utc(moment: datetime | None) -> datetime | None:
    return naive_utc(moment).replace(tzinfo=UTC) if moment else None


def _newest(kind: str) -> str:
    return f"{kind} = CASE WHEN excluded.said & {BITS[kind]} > 0 THEN excluded.{kind} ELSE actuals.{kind} END"


_STORE = text(f"""
    INSERT INTO actuals (order_id, said, {", ".join(KINDS)}, owner, key_id)
    SELECT *, CAST(:owner AS text), CAST(:key_id AS text) FROM unnest(
        CAST(:ids AS text[]), CAST(:said AS smallint[]),
        {", ".join(f"CAST(:{kind} AS timestamptz[])" for kind in KINDS)}
    )
    ON CONFLICT (order_id) DO UPDATE
    SET {", ".join(map(_newest, KINDS))}, said = actuals.said | excluded.said, received_at = now(),
        owner = excluded.owner, key_id = excluded.key_id
    WHERE actuals.owner IN ('', excluded.owner) OR :overrules
    RETURNING 1
""")  # noqa: S608

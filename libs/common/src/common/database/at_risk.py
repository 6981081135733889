"""The table `orders_at_risk`: kept by the monitor, read by the gateway and the command line."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from common.database.tables import Erasure, OrderAtRisk
from common.errors import InvalidInput

ROWS_AT_ONCE = 1_000


@dataclass(frozen=True)
class Watched:
    """An order under way with its promise, as it was last looked at.

    expected_at: when it is expected now. probability: to miss the promise.
    """

    order_id: str
    owner: str
    purchase_timestamp: datetime
    shipped_at: datetime | None
    promised_at: datetime
    expected_at: datetime
    probability: float
    model_version: str


@dataclass(frozen=True)
class Standing:
    """How many orders are watched, how many of them are at risk or late already, and when that was."""

    watched: int
    at_risk: int
    late: int
    computed_at: datetime | None


def standing(session: Session) -> Standing:
    """The counts of everybody's orders."""
    is_late = OrderAtRisk.at_risk & (OrderAtRisk.promised_at < OrderAtRisk.computed_at)
    at_risk, late = (func.count().filter(each) for each in (OrderAtRisk.at_risk, is_late))
    counted = select(func.count(), at_risk, late, func.max(OrderAtRisk.computed_at))
    return Standing(*session.execute(counted).one())


def known(session: Session) -> set[str]:
    """The ids of the orders in the table: they stay in it while they are under way, so that each is new but once."""
    return set(session.scalars(select(OrderAtRisk.order_id)))


def keep(session: Session, kept: Sequence[Watched], limit: float, now: datetime) -> None:
    """Replace the table by these orders; those with a probability below the limit are not listed."""
    for start in range(0, len(kept), ROWS_AT_ONCE):
        rows = [
            vars(each) | {"at_risk": each.probability >= limit, "computed_at": now}
            for each in kept[start : start + ROWS_AT_ONCE]
        ]
        statement = insert(OrderAtRisk).values(rows)
        names = {column.name for column in OrderAtRisk.__table__.columns} - {"order_id", "since"}
        renewed = {name: getattr(statement.excluded, name) for name in names}
        session.execute(statement.on_conflict_do_update(index_elements=["order_id"], set_=renewed))
    erased = select(Erasure.order_id).where(Erasure.asked_at >= func.now())  # since this transaction began to look
    gone = or_(OrderAtRisk.computed_at != now, OrderAtRisk.order_id.in_(erased))
    session.execute(delete(OrderAtRisk).where(gone))


def page(
    session: Session,
    owner: str | None,
    limit: int | None,
    cursor: str | None,
    promised_from: datetime | None = None,
    promised_before: datetime | None = None,
) -> tuple[list[OrderAtRisk], str | None]:
    """The orders at risk, worst first, and the cursor of the next page; InvalidInput for a cursor that is none.

    owner: whose; None: everybody's. limit: None for all. promised_from, promised_before: of their promise.
    """
    query = (
        select(OrderAtRisk).where(OrderAtRisk.at_risk).order_by(OrderAtRisk.probability.desc(), OrderAtRisk.order_id)
    )
    if owner is not None:
        query = query.where(OrderAtRisk.owner == owner)
    if promised_from is not None:
        query = query.where(OrderAtRisk.promised_at >= promised_from)
    if promised_before is not None:
        query = query.where(OrderAtRisk.promised_at < promised_before)
    if cursor is not None:
        probability, order_id = _decoded(cursor)
        query = query.where(tuple_(-OrderAtRisk.probability, OrderAtRisk.order_id) > (-probability, order_id))
    found = list(session.scalars(query if limit is None else query.limit(limit + 1)))
    if limit is None or len(found) <= limit:
        return found, None
    return found[:limit], _encoded(found[limit - 1])


def _encoded(order: OrderAtRisk) -> str:
    return base64.urlsafe_b64encode(f"{order.probability!r} {order.order_id}".encode()).decode()


def _decoded(cursor: str) -> tuple[float, str]:
    try:
        probability, _, order_id = base64.urlsafe_b64decode(cursor.encode()).decode().partition(" ")
        return float(probability), order_id
    except (binascii.Error, ValueError) as error:
        raise InvalidInput(f"cursor must be a next_cursor of an earlier answer (got {cursor!r})") from error

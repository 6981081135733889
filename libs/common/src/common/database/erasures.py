"""Erasing an order: from the log and the actuals at once, from what is on its way there or archived within a day."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from common.database.tables import Actual, Erasure, Prediction

GONE_AFTER = timedelta(days=1)
"""By then the archive has been rewritten without it, and the queue has delivered what it held; then the erasure itself,
which names the order, is forgotten."""


@dataclass(frozen=True)
class Erased:
    """How many predictions and actuals were erased, and when the order's last trace in this system is gone."""

    predictions: int
    actuals: int
    gone_at: datetime


def erase(session: Session, order_id: str) -> Erased:
    """Erase what is known of an order; again is harmless. What is asked of it later is kept as that of any other."""
    statement = insert(Erasure).values(order_id=order_id)
    asked_at = session.scalars(
        statement.on_conflict_do_update(index_elements=["order_id"], set_={"asked_at": func.now()}).returning(
            Erasure.asked_at
        )
    ).one()
    of_order = Prediction.__table__.c.order_id == order_id
    predictions = session.execute(delete(Prediction).where(of_order))
    actuals = session.execute(delete(Actual).where(Actual.order_id == order_id))
    return Erased(predictions.rowcount, actuals.rowcount, asked_at + GONE_AFTER)  # type: ignore[attr-defined]


def forget_done(session: Session) -> None:
    """Forget erasures after which nothing of their orders is left."""
    session.execute(delete(Erasure).where(Erasure.asked_at < func.now() - GONE_AFTER))


def waiting(session: Session) -> dict[str, datetime]:
    """The erased orders that may have traces left, each with the moment of its erasure."""
    return {row.order_id: row.asked_at for row in session.scalars(select(Erasure))}

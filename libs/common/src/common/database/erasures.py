"""Erasing an order: from the log and the actuals at once, from what is on its way there or archived within a day."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from common.database.tables import (
    Actual,
    Erasure,
    ImpossibleActual,
    Notification,
    OrderAtRisk,
    PaceBasis,
    Prediction,
)

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
    anew = {"asked_at": func.now(), "archived": True}
    statement = insert(Erasure).values(order_id=order_id)
    statement = statement.on_conflict_do_update(index_elements=["order_id"], set_=anew)
    asked_at = session.scalars(statement.returning(Erasure.asked_at)).one()
    of_order = Prediction.__table__.c.order_id == order_id
    predictions = session.execute(delete(Prediction).where(of_order))
    actuals = session.execute(delete(Actual).where(Actual.order_id == order_id))
    for of_it in (OrderAtRisk, ImpossibleActual):
        session.execute(delete(of_it).where(of_it.order_id == order_id))
    about_it = Notification.body["subject"].astext == order_id
    session.execute(delete(Notification).where(Notification.alert_id.is_(None), about_it))
    return Erased(predictions.rowcount, actuals.rowcount, asked_at + GONE_AFTER)  # type: ignore[attr-defined]


def archived(session: Session) -> list[str]:
    """The erased orders for which the archive has still to be looked through."""
    return list(session.scalars(select(Erasure.order_id).where(Erasure.archived).order_by(Erasure.order_id)))


def asked(session: Session) -> dict[str, datetime]:
    """The erased orders of the last day, and when each was erased."""
    return {erasure.order_id: erasure.asked_at for erasure in session.scalars(select(Erasure))}


def archive_is_clean(session: Session, order_ids: list[str]) -> None:
    """The archive was looked through for these; forget those whose last trace is gone, from the pace's counts too."""
    session.execute(update(Erasure).where(Erasure.order_id.in_(order_ids)).values(archived=False))
    uncounted = select(PaceBasis).where(PaceBasis.until <= Erasure.asked_at).exists()
    session.execute(delete(Erasure).where(~Erasure.archived, Erasure.asked_at < func.now() - GONE_AFTER, ~uncounted))

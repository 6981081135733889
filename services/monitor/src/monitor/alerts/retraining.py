"""When to retrain: an open alert on the model's quality, or time. One at a time, with a rest in between."""

from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from common.database.alerts import CLOSED
from common.database.tables import Alert, Retraining
from monitor.alerts.checks import CHECKS

RETRAINING_RULES = tuple(check.name for check in CHECKS if check.retrains)

LOST_AFTER = timedelta(hours=6)
"""A retraining that no trainer has taken by then is given up."""

ATTEMPTS = 3
"""So many trainers may die over a retraining before it is given up."""


def request_if_due(session: Session, now: datetime, cooldown: timedelta, every: timedelta | None) -> Retraining | None:
    """Record that a retraining is wanted, if one is due; a trainer is woken once this is committed."""
    _give_up_lost(session, now)
    newest = session.scalar(select(Retraining).order_by(Retraining.requested_at.desc()).limit(1))
    if newest is not None and (newest.finished_at is None or now - newest.requested_at < cooldown):
        return None
    alert = session.scalar(
        select(Alert).where(Alert.status != CLOSED, Alert.rule.in_(RETRAINING_RULES)).order_by(Alert.opened_at).limit(1)
    )
    if alert is not None:
        return _request(session, now, f"alert {alert.rule}: {alert.message}", alert.id)
    if every is not None and (newest is None or now - newest.requested_at >= every):
        return _request(session, now, f"every {every.total_seconds() / 86_400:g} days", None)
    return None


def queued(session: Session) -> int | None:
    """The retraining that waits for a trainer, if there is one."""
    return session.scalar(select(Retraining.id).where(Retraining.status == "queued"))


def _request(session: Session, now: datetime, reason: str, alert_id: int | None) -> Retraining | None:
    """The new row, or None if another monitor asked in the same moment."""
    statement = insert(Retraining).values(status="queued", reason=reason, alert_id=alert_id, requested_at=now)
    new = session.scalar(statement.on_conflict_do_nothing().returning(Retraining.id))
    return None if new is None else session.get(Retraining, new)


def _give_up_lost(session: Session, now: datetime) -> None:
    """A trainer that died leaves its retraining to the next one; what nobody takes or survives has failed."""
    died = (Retraining.status == "running") & (Retraining.lease_expires_at < func.now())
    session.execute(
        update(Retraining)
        .where(died, Retraining.attempts >= ATTEMPTS)
        .values(
            status="failed",
            claim=None,
            finished_at=now,
            outcome=f"its trainer died {ATTEMPTS} times (killed, or out of memory)",
        )
    )
    session.execute(update(Retraining).where(died).values(status="queued", claim=None, started_at=None))
    session.execute(
        update(Retraining)
        .where(
            Retraining.status == "queued",
            func.greatest(Retraining.requested_at, Retraining.lease_expires_at) < now - LOST_AFTER,
        )
        .values(status="failed", finished_at=now, outcome="no trainer took it; is its worker running?")
    )

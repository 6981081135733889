"""Alerts as pages show them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from common.database.alerts import CLOSED, listed
from common.database.tables import Alert


@dataclass(frozen=True)
class ShownAlert:
    """An alert, detached from its row."""

    id: int
    rule: str
    subject: str
    severity: str
    status: str
    message: str
    opened_at: datetime
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    closed_at: datetime | None


def current(session: Session) -> list[ShownAlert]:
    """Alerts that are not closed, newest first."""
    return [_shown(alert) for alert in listed(session, everything=False)]


def past(session: Session, page: int, length: int) -> tuple[list[ShownAlert], int]:
    """One page (from 0) of the closed alerts, newest first, and how many there are."""
    closed = Alert.status == CLOSED
    count = session.scalar(select(func.count()).select_from(Alert).where(closed)) or 0
    query = select(Alert).where(closed).order_by(Alert.closed_at.desc(), Alert.id.desc())
    return [_shown(alert) for alert in session.scalars(query.limit(length).offset(page * length))], count


def _shown(alert: Alert) -> ShownAlert:
    return ShownAlert(**{name: getattr(alert, name) for name in ShownAlert.__dataclass_fields__})

"""What happened to models: promotions and retrainings."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from common.database.tables import BatchJob, ModelEvent, Retraining


@dataclass(frozen=True)
class ShownEvent:
    """Something that happened to a model version."""

    happened_at: datetime
    event: str
    model_version: str
    actor: str
    reason: str | None


@dataclass(frozen=True)
class ShownRetraining:
    """A retraining: why it was asked for, and what came of it."""

    status: str
    reason: str
    requested_at: datetime
    finished_at: datetime | None
    model_version: str | None
    outcome: str | None


GATE = ("registered", "promoted", "rolled back")
"""Events that decided which version serves; gateways also record each swap."""


def decisions(session: Session, page: int, length: int) -> tuple[list[ShownEvent], int]:
    """One page (from 0) of the decisions about versions, newest first, and how many there are."""
    chosen = ModelEvent.event.in_(GATE)
    count = session.scalar(select(func.count()).select_from(ModelEvent).where(chosen)) or 0
    query = select(ModelEvent).where(chosen).order_by(ModelEvent.id.desc()).limit(length).offset(page * length)
    return [_event(row) for row in session.scalars(query)], count


def last_promotion(session: Session) -> ShownEvent | None:
    """When the present champion became it, and why."""
    query = select(ModelEvent).where(ModelEvent.event.in_(GATE[1:])).order_by(ModelEvent.id.desc()).limit(1)
    row = session.scalars(query).one_or_none()
    return _event(row) if row else None


def last_retraining(session: Session) -> ShownRetraining | None:
    """The newest retraining that was asked for."""
    row = session.scalars(select(Retraining).order_by(Retraining.requested_at.desc()).limit(1)).one_or_none()
    if row is None:
        return None
    return ShownRetraining(**{name: getattr(row, name) for name in ShownRetraining.__dataclass_fields__})


def job_counts(session: Session) -> dict[str, int]:
    """Jobs by status: those open, and those that ended in the last 24 hours."""
    recent = BatchJob.finished_at.is_(None) | (BatchJob.finished_at > func.now() - func.make_interval(0, 0, 0, 1))
    rows = session.execute(select(BatchJob.status, func.count()).where(recent).group_by(BatchJob.status))
    return {row[0]: row[1] for row in rows}


def _event(row: ModelEvent) -> ShownEvent:
    return ShownEvent(row.happened_at, row.event, row.model_version, row.actor, row.reason)

"""Model versions: what happened to them, and the retrainings that make them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from common.database.tables.base import Table


class ModelEvent(Table):
    """What happened to model versions: registered, promoted, rolled back, swapped in by a gateway."""

    __tablename__ = "model_events"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    happened_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    event: Mapped[str]
    model_version: Mapped[str]
    actor: Mapped[str]
    reason: Mapped[str | None]


class Retraining(Table):
    """One asked-for run of prepare, search, register; at most one is queued or running."""

    __tablename__ = "retrainings"
    __table_args__ = (
        Index("uq_retrainings_active", text("(true)"), unique=True, postgresql_where=text("finished_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    status: Mapped[str] = mapped_column(default="queued")
    reason: Mapped[str]
    alert_id: Mapped[int | None] = mapped_column(ForeignKey("alerts.id"))
    requested_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    model_version: Mapped[str | None]
    outcome: Mapped[str | None]
    claim: Mapped[UUID | None]
    lease_expires_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(server_default="0")

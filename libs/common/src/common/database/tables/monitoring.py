"""What the monitor measures and raises."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from common.database.tables.base import Table


class ModelMetrics(Table):
    """Metrics of one window of predictions by one model version; writing a window again replaces it.

    promises: by on-time share, how many were given to orders that have arrived, and how many of these were kept.
    """

    __tablename__ = "model_metrics"
    __table_args__ = (UniqueConstraint("source", "model_version", "window_end"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    timestamp: Mapped[datetime] = mapped_column(index=True)
    source: Mapped[str]
    model_version: Mapped[str]
    window_start: Mapped[datetime]
    window_end: Mapped[datetime]
    rows: Mapped[int]
    rows_with_actual: Mapped[int]
    prediction_drift: Mapped[float | None]
    num_drifted_columns: Mapped[int | None]
    share_missing_values: Mapped[float | None]
    value_range_share_in_range: Mapped[float | None]
    prediction_corr_with_features: Mapped[float | None]
    mae: Mapped[float | None]
    rmse: Mapped[float | None]
    bias: Mapped[float | None]
    interval_coverage: Mapped[float | None]
    baseline_mae: Mapped[float | None]
    trained_mae: Mapped[float | None]
    actual_seconds: Mapped[int | None] = mapped_column(BigInteger)
    promises: Mapped[dict[str, Any] | None]
    note: Mapped[str | None]
    report_uri: Mapped[str | None]


class DeliveryPace(Table):
    """The speed of deliveries on a day in a region, in days (restricted geometric mean, see common.model.pace)."""

    __tablename__ = "delivery_pace"

    day: Mapped[date] = mapped_column(primary_key=True)
    region: Mapped[str] = mapped_column(primary_key=True)
    pace_days: Mapped[float]
    orders: Mapped[int]
    computed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PaceCount(Table):
    """Orders of the log bought on a day (the shop's clock) that count in a cell of the delivery pace.

    cell: see `monitor.pace.cells`, of the model and resolution of PaceBasis. owner: place in the basis' list of them.
    """

    __tablename__ = "pace_counts"

    day: Mapped[date] = mapped_column(primary_key=True)
    cell: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[int] = mapped_column(primary_key=True, server_default="0")
    orders: Mapped[int]


class CountedOrder(Table):
    """In which cells an order counts at present, so that it can be taken out of them again.

    hash: of its id, which this table does not know. arrived: NULL while it is under way.
    """

    __tablename__ = "counted_orders"

    hash: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(index=True)
    waiting: Mapped[int]
    arrived: Mapped[int | None]
    owner: Mapped[int] = mapped_column(server_default="0")


class PaceBasis(Table):
    """What `pace_counts` counts, one row.

    grouping: how the champion groups orders. oldest: purchases from then on. until: all that was logged and reported
    by then. present: see `common.database.present`. keys: those whose orders teach. owners: whose they are.
    next_due: when a delivery that lies too far ahead to be true yet has come. counted_until: purchases before then are
    counted, while the log is counted from its beginning; NULL once all of it is.
    """

    __tablename__ = "pace_bases"

    id: Mapped[int] = mapped_column(primary_key=True)
    grouping: Mapped[str]
    resolution: Mapped[int]
    oldest: Mapped[datetime]
    until: Mapped[datetime]
    present: Mapped[datetime]
    keys: Mapped[list[Any]]
    owners: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))
    next_due: Mapped[datetime | None]
    counted_until: Mapped[datetime | None]


class Replay(Table):
    """A replay of orders bought before `ends`: the moment it has reached, and when it last said so."""

    __tablename__ = "replays"

    ends: Mapped[datetime] = mapped_column(primary_key=True)
    moment: Mapped[datetime]
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Mark(Table):
    """Until when a reader of the log, by its name, has seen what was written to it."""

    __tablename__ = "marks"

    name: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[datetime]


class WaitingWindow(Table):
    """A window that something may have changed in since it was measured: of how many predictions, and since when."""

    __tablename__ = "waiting_windows"

    start: Mapped[datetime] = mapped_column(primary_key=True)
    changes: Mapped[int] = mapped_column(BigInteger)
    since: Mapped[datetime] = mapped_column(server_default=func.now())


class ImpossibleActual(Table):
    """An order whose actual cannot be true, as it was last looked at."""

    __tablename__ = "impossible_actuals"

    order_id: Mapped[str] = mapped_column(primary_key=True)


class Alert(Table):
    """Something that needs a look: at most one that is not closed for each rule and subject."""

    __tablename__ = "alerts"
    __table_args__ = (
        Index("uq_alerts_not_closed", "rule", "subject", unique=True, postgresql_where=text("status <> 'closed'")),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    rule: Mapped[str]
    subject: Mapped[str]
    severity: Mapped[str]
    status: Mapped[str] = mapped_column(default="open")
    message: Mapped[str]
    value: Mapped[float | None]
    threshold: Mapped[float | None]
    opened_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    window_end: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None]
    closed_at: Mapped[datetime | None]


class OrderAtRisk(Table):
    """An order under way that will likely miss its promise, as it was last looked at.

    owner: of the key that asked, '' without one. probability: to miss the promise. at_risk: whether that is at the
    limit or above. since: when it first was.
    """

    __tablename__ = "orders_at_risk"

    order_id: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str]
    purchase_timestamp: Mapped[datetime]
    shipped_at: Mapped[datetime | None]
    promised_at: Mapped[datetime]
    expected_at: Mapped[datetime]
    probability: Mapped[float] = mapped_column(index=True)
    model_version: Mapped[str]
    at_risk: Mapped[bool]
    since: Mapped[datetime] = mapped_column(server_default=func.now())
    computed_at: Mapped[datetime]


class Notification(Table):
    """A message to the webhook that an alert opened or closed, or about an order; sent once `sent_at` is set."""

    __tablename__ = "notifications"
    __table_args__ = (Index("ix_notifications_waiting", "due_at", postgresql_where=text("sent_at IS NULL")),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    alert_id: Mapped[int | None] = mapped_column(ForeignKey("alerts.id"))
    body: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sent_at: Mapped[datetime | None]

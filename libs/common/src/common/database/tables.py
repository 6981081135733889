"""Tables as SQLAlchemy models. All times are UTC with time zone."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeEngine

from common.orders.fields import FIELDS, Kind, OrderField


class Table(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {str: Text, datetime: DateTime(timezone=True), dict[str, Any]: JSONB, list[Any]: JSONB}  # noqa: RUF012


class BatchJob(Table):
    """One submitted file; this row, not the queue, is the truth about it. owner: that of its API key, or ''."""

    __tablename__ = "batch_jobs"
    __table_args__ = (
        Index("ix_batch_jobs_created_at_id", "created_at", "id"),
        Index("ix_batch_jobs_owner_created_at_id", "owner", "created_at", "id"),
        UniqueConstraint("owner", "idempotency_key"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(default="queued", index=True)
    input_uri: Mapped[str]
    output_uri: Mapped[str]
    input_etag: Mapped[str | None]
    bytes_total: Mapped[int] = mapped_column(BigInteger, default=0)
    bytes_done: Mapped[int] = mapped_column(BigInteger, default=0)
    model_version: Mapped[str | None]
    pace_day: Mapped[date | None]
    pace_digest: Mapped[str | None] = mapped_column(ForeignKey("pace_snapshots.digest"))
    rows_total: Mapped[int | None] = mapped_column(BigInteger)
    rows_done: Mapped[int] = mapped_column(BigInteger, default=0)
    rows_failed: Mapped[int] = mapped_column(BigInteger, default=0)
    errors: Mapped[list[Any]] = mapped_column(default=list)
    error: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0)
    faults: Mapped[int] = mapped_column(default=0)
    owner: Mapped[str] = mapped_column(server_default="")
    idempotency_key: Mapped[str | None]
    scan: Mapped[bool] = mapped_column(default=False)
    overwrite: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    notes: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))
    claim: Mapped[UUID | None]
    lease_expires_at: Mapped[datetime | None] = mapped_column(index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class PaceSnapshot(Table):
    """The delivery pace as it stood when jobs were planned, so that a chunk scored again gives the same bytes.

    digest: SHA-256 of the rows. rows: a day and its pace in days of each group. used_at: when it was last chosen.
    """

    __tablename__ = "pace_snapshots"

    digest: Mapped[str] = mapped_column(primary_key=True)
    rows: Mapped[list[Any]]
    used_at: Mapped[datetime] = mapped_column(server_default=func.now())


class BatchChunk(Table):
    """A part of a job's input that one worker scores and uploads as one part of the output."""

    __tablename__ = "batch_chunks"

    job_id: Mapped[UUID] = mapped_column(ForeignKey("batch_jobs.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[dict[str, Any]]
    output: Mapped[int]
    bytes: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(default="queued")
    rows: Mapped[int] = mapped_column(BigInteger, default=0)
    rows_failed: Mapped[int] = mapped_column(BigInteger, default=0)
    lines: Mapped[int] = mapped_column(BigInteger, default=0)
    errors: Mapped[list[Any]] = mapped_column(default=list)
    parts: Mapped[list[Any]] = mapped_column(default=list)
    attempts: Mapped[int] = mapped_column(default=0)
    faults: Mapped[int] = mapped_column(default=0)
    fault: Mapped[str | None]
    claim: Mapped[UUID | None] = mapped_column(index=True)
    lease_expires_at: Mapped[datetime | None] = mapped_column(index=True)


class BatchOutput(Table):
    """An object that a job writes by multipart upload; it appears when the job succeeds, not before.

    upload_id: empty if a single chunk writes the object at once, NULL when nothing is left to complete or to abort.
    """

    __tablename__ = "batch_outputs"

    job_id: Mapped[UUID] = mapped_column(ForeignKey("batch_jobs.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    bucket: Mapped[str]
    key: Mapped[str]
    upload_id: Mapped[str | None] = mapped_column(index=True)


class Prediction(Table):
    """The prediction log: one answer of the gateway, and the order (`common.orders.fields`) that it is for."""

    __tablename__ = "predictions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    predicted_at: Mapped[datetime] = mapped_column(index=True)
    request_id: Mapped[str]
    model_version: Mapped[str]
    role: Mapped[str] = mapped_column(default="champion")
    delivery_time_days: Mapped[float]
    lower_days: Mapped[float]
    upper_days: Mapped[float]
    seller_known: Mapped[bool]
    latency_ms: Mapped[float]
    logged_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (Index("ix_predictions_logged_at", "logged_at", postgresql_using="brin"),)


def _order_column(field: OrderField) -> Column[Any]:
    kinds: dict[Kind, TypeEngine[Any]] = {
        "whole": Integer(),
        "number": Float(),
        "moment": DateTime(timezone=True),
        "text": Text(),
    }
    optional = not field.required and field.kind != "moment"  # an order without a moment was bought when predicted
    return Column(kinds[field.kind], nullable=optional, index=field.name in ("order_id", "purchase_timestamp"))


for _field in FIELDS.values():
    setattr(Prediction, _field.name, _order_column(_field))


class InvalidRequests(Table):
    """Prediction requests of a moment that the gateway refused as invalid."""

    __tablename__ = "invalid_requests"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    counted_at: Mapped[datetime] = mapped_column(index=True)
    requests: Mapped[int]


class Actual(Table):
    """A late label: when an order really arrived."""

    __tablename__ = "actuals"

    order_id: Mapped[str] = mapped_column(primary_key=True)
    delivered_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class ModelMetrics(Table):
    """Metrics of one window of predictions by one model version; writing a window again replaces it."""

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


class Replay(Table):
    """A replay of orders bought before `ends`: the moment it has reached, and when it last said so."""

    __tablename__ = "replays"

    ends: Mapped[datetime] = mapped_column(primary_key=True)
    moment: Mapped[datetime]
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ModelEvent(Table):
    """What happened to model versions: registered, promoted, rolled back, swapped in by a gateway."""

    __tablename__ = "model_events"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    happened_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    event: Mapped[str]
    model_version: Mapped[str]
    actor: Mapped[str]
    reason: Mapped[str | None]


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


class Notification(Table):
    """A message to the webhook that an alert opened or closed; sent once `sent_at` is set."""

    __tablename__ = "notifications"
    __table_args__ = (Index("ix_notifications_waiting", "due_at", postgresql_where=text("sent_at IS NULL")),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    alert_id: Mapped[int] = mapped_column(ForeignKey("alerts.id"))
    body: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sent_at: Mapped[datetime | None]


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


class ApiKey(Table):
    """A client's key to the gateway; only the hash of it is kept. owner: whose jobs and rate it uses."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    owner: Mapped[str]
    sha256: Mapped[str]
    scopes: Mapped[list[Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    revoked_at: Mapped[datetime | None]

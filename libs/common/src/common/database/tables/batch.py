"""Batch jobs: what was submitted, its chunks and outputs."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from common.database.tables.base import Table


class BatchJob(Table):
    """One submitted file; this row, not the queue, is the truth about it.

    kind: `predictions`, which the scorer makes, or `actuals`, which the monitor takes in: these write no output.
    owner, key_id: those of its API key, or ''.
    """

    __tablename__ = "batch_jobs"
    __table_args__ = (
        Index("ix_batch_jobs_created_at_id", "created_at", "id"),
        Index("ix_batch_jobs_owner_created_at_id", "owner", "created_at", "id"),
        UniqueConstraint("owner", "idempotency_key"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(default="predictions", server_default="predictions")
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
    key_id: Mapped[str] = mapped_column(default="", server_default="")
    idempotency_key: Mapped[str | None]
    scan: Mapped[bool] = mapped_column(default=False)
    overwrite: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    notes: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))
    on_time_shares: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))
    details: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
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

"""What clients ask, and what they report of their orders later."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Float, Integer, SmallInteger, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeEngine

from common.database.tables.base import Table
from common.orders.fields import FIELDS, Kind, OrderField
from common.orders.logged import LOGGED


class Prediction(Table):
    """The prediction log: one answer of the gateway, and the order (`common.orders.fields`) that it is for.

    Partitioned by month (`common.database.months`); old months are in the object store (ColdFile).
    key_id: of the API key that asked, '' where none was needed.
    further: what the order said beside LOGGED, by name; null for most.
    """

    __tablename__ = "predictions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    predicted_at: Mapped[datetime] = mapped_column(primary_key=True, index=True)
    request_id: Mapped[str]
    model_version: Mapped[str]
    role: Mapped[str] = mapped_column(default="champion")
    delivery_time_days: Mapped[float]
    lower_days: Mapped[float]
    upper_days: Mapped[float]
    seller_known: Mapped[bool]
    latency_ms: Mapped[float]
    key_id: Mapped[str] = mapped_column(default="")
    further: Mapped[dict[str, Any] | None]
    logged_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)

    __table_args__ = ({"postgresql_partition_by": "RANGE (predicted_at)"},)


def _order_column(field: OrderField) -> Column[Any]:
    kinds: dict[Kind, TypeEngine[Any]] = {
        "whole": Integer(),
        "number": Float(),
        "moment": DateTime(timezone=True),
        "text": Text(),
    }
    optional = field.kind != "moment"  # an order without a moment was bought when predicted
    return Column(kinds[field.kind], nullable=optional, index=field.name in ("order_id", "purchase_timestamp"))


for _name in LOGGED:
    setattr(Prediction, _name, _order_column(FIELDS[_name]))


class InvalidRequests(Table):
    """Prediction requests of a moment that the gateway refused as invalid."""

    __tablename__ = "invalid_requests"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    counted_at: Mapped[datetime] = mapped_column(index=True)
    requests: Mapped[int]


class Actual(Table):
    """What was reported of an order (`common.database.actuals`), NULL where nothing is known, or is no longer.

    said: the bits of the kinds that there was a word of. owner, key_id: of the key that spoke last, '' without one.
    """

    __tablename__ = "actuals"

    order_id: Mapped[str] = mapped_column(primary_key=True)
    delivered_at: Mapped[datetime | None]
    shipped_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    lost_at: Mapped[datetime | None]
    said: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    owner: Mapped[str] = mapped_column(default="", server_default="")
    key_id: Mapped[str] = mapped_column(default="", server_default="")
    received_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class Erasure(Table):
    """An order that was erased, as long as something of it may still be on its way, or in the archive.

    archived: whether the archive has still to be looked through.
    """

    __tablename__ = "erasures"

    order_id: Mapped[str] = mapped_column(primary_key=True)
    asked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    archived: Mapped[bool] = mapped_column(server_default=text("true"))


ARCHIVE_LOCK = "archive"
"""Name (hashtext) of the advisory lock of whoever moves, rewrites or deletes what is in the object store."""


class ColdFile(Table):
    """A Parquet file of the object store that holds rows which Postgres no longer has.

    content: `predictions` or `actuals`. month: of its newest row. checksum: SHA-256 of its rows as CSV.
    state: only files that are KEPT count. Of an actual that several files, or the table too, hold, the newest word of
    each kind counts (`Actual.said`).
    """

    __tablename__ = "cold_files"

    uri: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[str]
    month: Mapped[date]
    rows: Mapped[int] = mapped_column(BigInteger)
    checksum: Mapped[str]
    state: Mapped[str]
    archived_at: Mapped[datetime] = mapped_column(server_default=func.now())

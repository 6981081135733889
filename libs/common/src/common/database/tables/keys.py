"""Clients' keys, and what was done by those who administer."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, func, text
from sqlalchemy.orm import Mapped, mapped_column

from common.database.tables.base import Table


class ApiKey(Table):
    """A client's key to the gateway; only the hash of it is kept. owner: whose jobs and rate it uses.

    reads, writes: prefixes (s3://bucket/folder/) of what its jobs may read and write; anywhere if there are none.
    """

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    owner: Mapped[str]
    sha256: Mapped[str]
    scopes: Mapped[list[Any]]
    reads: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))
    writes: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    revoked_at: Mapped[datetime | None]


class Act(Table):
    """What somebody did who administers: which services add, and only the owner of the tables could change.

    actor: the key's id, or the account that ran a command. subject: a key, version, job or alert; no order.
    """

    __tablename__ = "acts"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    happened_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    actor: Mapped[str]
    act: Mapped[str]
    subject: Mapped[str]
    reason: Mapped[str]

"""Keeps the delivery pace that a job was planned with: the monitor goes on writing the table it came from."""

import hashlib
import json
from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from common.database.tables import BatchJob, PaceSnapshot
from common.model.pace import PaceTable


def keep(session: Session, pace: PaceTable) -> str:
    """Store a pace if it is not there yet; the digest by which `read` finds it.

    A day without a change is left out: a pace table takes a missing day for a repetition of the one before.
    """
    changed = np.flatnonzero((np.diff(pace.pace, axis=0, prepend=np.nan) != 0).any(axis=1)).tolist()
    rows = [[(pace.first + timedelta(day)).isoformat(), *pace.pace[day].tolist()] for day in changed]
    digest = hashlib.sha256(json.dumps(rows).encode()).hexdigest()
    statement = insert(PaceSnapshot).values(digest=digest, rows=rows)
    session.execute(statement.on_conflict_do_update(index_elements=["digest"], set_={"used_at": func.now()}))
    return digest


def read(session: Session, digest: str, groups: Sequence[str]) -> PaceTable:
    """The pace of these groups that `keep` stored under this digest; the numbers of orders behind it are not kept."""
    rows = session.scalars(select(PaceSnapshot.rows).where(PaceSnapshot.digest == digest)).one()
    cells = (
        (date.fromisoformat(day), group, pace, 0)
        for day, *paces in rows
        for group, pace in zip(groups, paces, strict=True)
    )
    return PaceTable.of_rows(cells, groups)


def forget(session: Session, seconds: float) -> None:
    """Delete what no job refers to and none has taken for so long."""
    unused = ~select(BatchJob).where(BatchJob.pace_digest == PaceSnapshot.digest).exists()
    old = PaceSnapshot.used_at < func.now() - func.make_interval(0, 0, 0, 0, 0, 0, seconds)
    session.execute(delete(PaceSnapshot).where(unused, old))

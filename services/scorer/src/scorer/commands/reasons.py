"""Why rows were not scored, the commonest reasons first."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from common.database.session import Database
from common.database.tables import BatchChunk, BatchJob

SHOWN = 3
VALUE = re.compile(r" \(got .*\)$", re.DOTALL)


def reasons(database: Database, job: BatchJob) -> list[str]:
    """Lines about the bad rows of a job; none if every row was scored. Each of its chunks keeps the first of them."""
    with database.transaction() as session:
        kept = session.scalars(select(BatchChunk.errors).where(BatchChunk.job_id == job.id)).all()
    return told([reason for errors in kept for _, reason, *_ in errors], job.errors, job.rows_failed)


def told(kept: Iterable[str], first: Sequence[Mapping[str, Any]], failed: int) -> list[str]:
    """The SHOWN commonest reasons, a line each with a row that has it.

    kept: reasons of as many bad rows as are known. first: the job's first bad rows. failed: how many there are.
    """
    counts = Counter(VALUE.sub("", reason) for reason in kept)
    if not counts:
        return []
    known = counts.total()
    lines = ["why:" if known >= failed else f"why, of {known:,} of them:"]
    for reason, count in counts.most_common(SHOWN):
        example = next((each for each in first if VALUE.sub("", each["reason"]) == reason), None)
        lines.append(f"  {count:,} x {_with(reason, example)}")
    if len(counts) > SHOWN:
        lines.append("  and others: the result's column `error` has the reason of every row")
    return lines


def _with(reason: str, example: Mapping[str, Any] | None) -> str:
    if example is None:
        return reason
    place = f" of {example['object']}" if "object" in example else ""
    return f"{example['reason']}, e.g. row {example['row']}{place}"

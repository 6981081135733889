"""The months that the table `predictions` consists of: partitions by `predicted_at`, and one for all other moments.

Months are made ahead. A moment for which there is none (a gateway's clock is wrong, or the monitor was away for months)
waits in REST until its month is made: no prediction is ever refused for its moment.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, text

REST = "predictions_rest"
AHEAD = 2
"""Months that are made before they begin."""

BOUNDS = re.compile(r"FOR VALUES FROM \((?:'(?P<start>[^']+)'|MINVALUE)\) TO \('(?P<end>[^']+)'\)")


@dataclass(frozen=True)
class Month:
    """A partition: moments from `start` (None: the first there is) until before `end`, UTC."""

    name: str
    start: datetime | None
    end: datetime


def month_of(moment: datetime) -> Month:
    """The month that a moment falls into."""
    start = moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    end = start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    return Month(f"predictions_{start.year:04}_{start.month:02}", start, end)


def made_months(connection: Connection) -> list[Month]:
    """Every month that there is, oldest first."""
    connection.execute(text("SET LOCAL timezone = 'UTC'"))
    months = []
    for name, bounds in connection.execute(_PARTITIONS):
        if found := BOUNDS.fullmatch(bounds):
            start = found["start"]
            months.append(Month(name, _utc(start) if start else None, _utc(found["end"])))
    return sorted(months, key=lambda month: month.end)


def make_months(connection: Connection, now: datetime) -> None:
    """Make the month of `now` and AHEAD more, unless they are there."""
    month = month_of(now)
    for _ in range(AHEAD + 1):
        make_month(connection, month)
        month = month_of(month.end)


def make_month(connection: Connection, month: Month) -> None:
    """Make a month, unless its moments have one, and move there what waits for it in REST."""
    if any(_overlap(other, month) for other in made_months(connection)):
        return
    within = "predicted_at >= :start AND predicted_at < :end"
    moved = f"WITH moved AS (DELETE FROM {REST} WHERE {within} RETURNING *)"  # noqa: S608
    connection.execute(text(f"LOCK TABLE {REST} IN ACCESS EXCLUSIVE MODE"))
    connection.execute(text(f"CREATE TABLE {month.name} (LIKE predictions INCLUDING DEFAULTS)"))
    owner, mine = connection.execute(_OWNERS, {"month": month.name}).one()
    if owner != mine:  # an operator makes it: whoever owns the log must be able to drop it
        connection.execute(text(f"ALTER TABLE {month.name} OWNER TO {owner}"))
    connection.execute(
        text(f"{moved} INSERT INTO {month.name} SELECT * FROM moved"),  # noqa: S608
        {"start": month.start, "end": month.end},
    )
    bounds = f"FROM ('{month.start}') TO ('{month.end}')"
    connection.execute(text(f"ALTER TABLE predictions ATTACH PARTITION {month.name} FOR VALUES {bounds}"))


def _overlap(one: Month, other: Month) -> bool:
    return (one.start is None or one.start < other.end) and (other.start is None or other.start < one.end)


def _utc(moment: str) -> datetime:
    return datetime.fromisoformat(moment).astimezone(UTC)


_OWNERS = text("""
    SELECT logs.relowner::regrole::text, months.relowner::regrole::text FROM pg_class AS logs, pg_class AS months
    WHERE logs.oid = 'predictions'::regclass AND months.oid = CAST(:month AS regclass)
""")

_PARTITIONS = text("""
    SELECT child.relname, pg_get_expr(child.relpartbound, child.oid)
    FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid
    WHERE inhparent = 'predictions'::regclass
""")

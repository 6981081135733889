"""What is old enough to leave Postgres: whole months of the log, and actuals of orders that the log no longer has."""

from datetime import datetime

from sqlalchemy import text

from common.database.months import REST, Month, made_months, make_month, make_months, month_of
from common.database.session import Database
from common.servers.objects import ObjectAddress, ObjectStore
from monitor.archive.files import LOCK_MS, Part, first_of, move

ACTUALS_AT_ONCE = 500_000


def archive_months(database: Database, store: ObjectStore, before: datetime) -> list[ObjectAddress]:
    """Move every month that had ended by `before`, and make the months to come; the files written."""
    with database.engine.begin() as connection:
        connection.execute(text(f"SET LOCAL lock_timeout = {LOCK_MS}"))
        make_months(connection, connection.scalars(text("SELECT now()")).one())
        for moment in connection.scalars(_OLD_REST, {"before": month_of(before).start}).all():
            make_month(connection, month_of(moment))
        old = [month for month in made_months(connection) if month.end <= before]
    written: list[ObjectAddress] = []
    for month in old:
        with database.engine.begin() as connection:
            newest = connection.scalar(text(f"SELECT max(predicted_at) FROM {month.name}"))  # noqa: S608
        if address := move(database, store, _of(month), first_of(newest or month.end)):
            written.append(address)
    return written


def archive_actuals(database: Database, store: ObjectStore, before: datetime) -> list[ObjectAddress]:
    """Move actuals whose last word came by `before`, and whose order the log no longer has; the files written."""
    written: list[ObjectAddress] = []
    while True:
        with database.engine.begin() as connection:
            newest = connection.scalar(_OLD_ACTUALS, {"before": before, "most": ACTUALS_AT_ONCE})
        if newest is None:
            return written
        address = move(database, store, _actuals(newest), first_of(newest))
        if address is None:
            return written
        written.append(address)


def _of(month: Month) -> Part:
    """Rows of the log are never changed: its ids say whether it is still what was written.

    The log is locked before its month, as everybody does who uses both.
    """
    return Part(
        content="predictions",
        name=month.name,
        table=month.name,
        condition="true",
        identity="id::text",
        lock=f"LOCK TABLE ONLY predictions, ONLY {month.name} IN ACCESS EXCLUSIVE MODE",
        leave=f"DROP TABLE {month.name}",
    )


def _actuals(newest: datetime) -> Part:
    """These rows are locked and no others, in the order of their ids as senders do it: nobody else waits for them."""
    condition = f"received_at <= '{newest.isoformat()}' AND {_UNKNOWN}"
    return Part(
        content="actuals",
        name="actuals",
        table="actuals",
        condition=condition,
        identity="part::text",
        lock=f"WITH locked AS (SELECT FROM actuals AS part WHERE {condition} ORDER BY order_id FOR UPDATE OF part) "  # noqa: S608
        "SELECT count(*) FROM locked",
        leave=f"DELETE FROM actuals AS part WHERE {condition}",  # noqa: S608
    )


_UNKNOWN = "NOT EXISTS (SELECT FROM predictions WHERE predictions.order_id = part.order_id)"

_OLD_REST = text(
    f"SELECT min(predicted_at) FROM {REST} WHERE predicted_at < :before "  # noqa: S608
    "GROUP BY date_trunc('month', predicted_at, 'UTC')"
)

_OLD_ACTUALS = text(f"""
    SELECT max(received_at) FROM (
        SELECT received_at FROM actuals AS part WHERE received_at <= :before AND {_UNKNOWN}
        ORDER BY received_at LIMIT :most
    ) AS oldest
""")  # noqa: S608

"""The table `delivery_pace` as a PaceTable: written by the monitor, read by whoever predicts."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from common.database.tables import DeliveryPace
from common.model.pace import PaceTable

Row = tuple[date, str, float, int]


def read_pace(session: Session) -> PaceTable | None:
    """The pace of every day and group there is, or None if none was ever written."""
    rows = session.execute(
        select(DeliveryPace.day, DeliveryPace.region, DeliveryPace.pace_days, DeliveryPace.orders)
    ).all()
    return PaceTable.of_rows((day, region, pace, orders) for day, region, pace, orders in rows) if rows else None


def forget_days_to_come(session: Session) -> None:
    """Delete the pace of days that are nowhere today: a wrong clock or label wrote it, and it would count as the
    newest."""
    latest = func.date(func.timezone("Pacific/Kiritimati", func.now()))
    session.execute(delete(DeliveryPace).where(DeliveryPace.day > latest))


def write_pace(session: Session, rows: Iterable[Row]) -> None:
    """Write (day, region, pace in days, orders behind it); a day and region that is there already is replaced."""
    values = [{"day": day, "region": region, "pace_days": pace, "orders": orders} for day, region, pace, orders in rows]
    if not values:
        return
    statement = insert(DeliveryPace)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["day", "region"],
            set_={
                "pace_days": statement.excluded.pace_days,
                "orders": statement.excluded.orders,
                "computed_at": func.now(),
            },
        ),
        values,
    )

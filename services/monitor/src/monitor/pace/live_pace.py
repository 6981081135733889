"""The delivery pace of live traffic: from logged orders, those still under way included, and the actuals so far."""

from dataclasses import dataclass
from datetime import date, timedelta
from math import inf

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from common.database.delivery_pace import forget_days_to_come, write_pace
from common.database.present import present
from common.database.tables import DeliveryPace
from common.model.bundle import Bundle
from common.model.pace import FEWEST_ORDERS, PaceTable
from common.model.time_scale import TimeScale
from monitor.pace.counts import keep_counts
from monitor.pace.grouping import Grouping
from monitor.pace.sources import Held, read_counts


@dataclass(frozen=True)
class MeasuredPace:
    """The pace of the days that the champion learned from, and what the log alone gives up to today.

    held: owners whose orders do not all count.
    """

    learned: PaceTable
    present: PaceTable
    held: tuple[Held, ...] = ()


def keep_pace(
    session: Session, bundle: Bundle, seconds: float = inf, unbounded: frozenset[str] = frozenset()
) -> MeasuredPace | None:
    """Write the pace of every day of the log, after that of the training data; None on the log's first days, and while
    the log is still counted for this champion (see `monitor.pace.counts`): what was written before serves meanwhile.

    unbounded: owners whose part of the orders may grow from one day to the next, see `monitor.pace.sources`.

    A day and group with too few orders keeps its pace of the day before, which may be the training data's. So do all
    groups on the log's first days: of orders that are all young nobody knows how slow the slow ones are.
    """
    forget_days_to_come(session)
    history = {(day, group): (day, group, pace, orders) for day, group, pace, orders in bundle.pace.rows()}
    if session.scalar(select(DeliveryPace.day).limit(1)) is None:
        write_pace(session, history.values())
    measured, held = _measured(session, bundle, seconds, unbounded)
    if measured is None:
        return None
    covered = measured.first + timedelta(days=TimeScale(bundle.manifest.typical_days).pace_window - 1)
    newest = {(measured.last, group): (measured.last, group, np.nan, 0) for group in measured.groups}
    trusted = {
        (day, group): (day, group, pace, orders)
        for day, group, pace, orders in measured.rows()
        if day >= covered and orders >= FEWEST_ORDERS
    }
    known = PaceTable.of_rows((history | newest | trusted).values(), measured.groups)
    begin = min(covered, max(measured.first, _last_day(session) + timedelta(days=1)))
    write_pace(session, (row for row in known.rows() if begin <= row[0] <= measured.last))
    return MeasuredPace(bundle.pace, measured, held) if measured.last >= covered else None


def _last_day(session: Session) -> date:
    return session.scalars(select(func.max(DeliveryPace.day))).one()


def _measured(
    session: Session, bundle: Bundle, seconds: float, unbounded: frozenset[str]
) -> tuple[PaceTable | None, tuple[Held, ...]]:
    """The pace that the log alone gives; None without an order in it, and while it is counted."""
    now, grouping = present(session), Grouping(bundle)
    cells, today = keep_counts(session, grouping, now, seconds), grouping.today(now)
    if cells is None:
        return None, ()
    sources = read_counts(session, cells, today, unbounded)
    return cells.pace(sources.days, today), sources.held

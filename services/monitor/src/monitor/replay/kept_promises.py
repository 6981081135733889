"""Whether the promises given within a replay were kept, and what the alert on them says.

A replay ends too soon for the alert, which waits until nearly all orders of a window have arrived. Here it looks at the
promises that the log has of the replay with all deliveries that the history knows, later ones too.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from common.arrays import Floats
from common.database.tables import ModelMetrics
from common.model.uncertainty.residuals import UPPER
from monitor.alerts.kept_promises import KEPT_PROMISES, shortfall
from monitor.windows.history import DAY_SECONDS, PastOrders
from monitor.windows.promises import kept_within, promised_in
from monitor.windows.windows import Window, window_of

Counted = dict[str, dict[str, int]]
"""By on-time share, how many `promises` were given to orders that have arrived, and how many of them `kept`."""


@dataclass(frozen=True)
class JudgedPromises:
    """counted: of the whole replay. opened, closed: the windows with which the alert opens and closes. windows: how
    many it could judge."""

    counted: Counted
    windows: int
    opened: tuple[Window, ...]
    closed: tuple[Window, ...]


def judge_promises(
    session: Session, past: PastOrders, start: datetime, end: datetime, begun_at: datetime, length: timedelta
) -> JudgedPromises:
    """Judge the first answer to each order of the replay from `start` to `end` (UTC, without zone).

    begun_at: when the replay began; what was answered before is none of it. length: of live windows.
    """
    span = {"start": start.replace(tzinfo=UTC), "end": end.replace(tzinfo=UTC), "begun_at": begun_at}
    known = past.table.set_index("order_id")
    rows = [row for row in session.execute(_ANSWERS, span) if row.order_id in known.index]
    promised = promised_in([row.further for row in rows]) | {UPPER: np.array([row.upper_days for row in rows])}
    replayed = known.loc[[row.order_id for row in rows]]
    took = replayed["delivered_timestamp"] - replayed["purchase_timestamp"]
    actual: Floats = took.dt.total_seconds().to_numpy(np.float64) / DAY_SECONDS
    bought = (moment.tz_localize(UTC) for moment in replayed["purchase_timestamp"])
    starts = np.array([window_of(moment, length).start for moment in bought], dtype=object)
    values: list[float] = []
    opened: list[Window] = []
    closed: list[Window] = []
    for begin in sorted(set(starts)):
        counted = _counted(actual, promised, starts == begin)
        if (value := shortfall(ModelMetrics(promises=counted))) is None:
            continue
        values.append(value)
        is_open = len(opened) > len(closed)
        change = KEPT_PROMISES.change_after(values[-KEPT_PROMISES.windows :], is_open)
        if change and len(values) >= KEPT_PROMISES.windows:
            (closed if is_open else opened).append(Window(begin, begin + length))
    every = np.ones(len(actual), dtype=np.bool_)
    return JudgedPromises(_counted(actual, promised, every), len(values), tuple(opened), tuple(closed))


def _counted(actual: Floats, promised: dict[float, Floats], chosen: np.ndarray) -> Counted:
    return kept_within(actual[chosen], {share: days[chosen] for share, days in promised.items()})


_ANSWERS = text("""
    SELECT DISTINCT ON (order_id) order_id, upper_days, further FROM predictions
    WHERE role = 'champion' AND order_id IS NOT NULL AND logged_at >= :begun_at
      AND purchase_timestamp >= :start AND purchase_timestamp < :end
    ORDER BY order_id, predicted_at, id
""")

"""The months, or weeks, that a backtest judges: by the shop's own time scale, on its own calendar."""

from dataclasses import dataclass

import numpy as np

from common.arrays import Bools
from common.errors import InvalidInput
from common.orders.clock import Clock
from trainer.data.history import DAY, History, end_of
from trainer.evaluation.holdouts import FEWEST_KNOWN
from trainer.model.forecast import span
from trainer.model.table import TrainingTable

KNOWN_SHARE = 0.2
"""Of the deliveries: the first period that is judged by default begins when so many are known."""

MOSTLY = 0.9
"""Share of the deliveries that took no longer than it takes until a period can be judged."""

FEWEST_TO_JUDGE = 30
FEWEST_DAYS_FOR_MONTHS = 180
MONTH_DAYS = 30.4
QUARTER = 3
"""Months that are judged together where one has too few orders; named by the first."""

MONDAY = np.timedelta64(4, "D")
"""From numpy's weeks, which begin on Thursdays, to Mondays."""


@dataclass(frozen=True)
class Period:
    """name: the month, or the day on which the week begins. start, end: moments in UTC."""

    name: str
    start: np.datetime64
    end: np.datetime64

    def delivered_in(self, history: History) -> Bools:
        """Which orders were bought in it and have arrived."""
        return history.bought_in(self.start, self.end) & ~np.isnat(history.delivered)


def periods(table: TrainingTable, first: str | None, last: str | None) -> list[Period]:
    """The periods that can be judged; InvalidInput if there is none.

    first, last: months like 2017-09 to begin and end with. By default from when a fifth of the deliveries is known, to
    the newest whose orders have mostly arrived.
    """
    history, clock = table.history, Clock(table.shop.time_zone)
    oldest, newest = table.local[0], table.local[-1]
    weekly = table.scale.typical < 1 or newest - oldest < FEWEST_DAYS_FOR_MONTHS * DAY
    begin = np.datetime64(first, "M") if first else oldest.astype("datetime64[M]")
    end = (np.datetime64(last, "M") if last else newest.astype("datetime64[M]")) + 1
    if weekly:
        days = np.arange(begin.astype("datetime64[W]") - 1, end.astype("datetime64[W]") + 1) + MONDAY
        inside = (days >= begin.astype("datetime64[D]")) & (days < end.astype("datetime64[D]"))
        starts, length = days[inside], np.timedelta64(7, "D")
        named = [(str(start), start, start + length) for start in starts]
    else:
        months = np.arange(begin, end)
        all_months = (newest - oldest) / DAY / MONTH_DAYS
        step = QUARTER if len(history) < FEWEST_TO_JUDGE * all_months else 1
        named = [(str(month), month, min(month + step, end)) for month in months[::step]]
    enough = 0 if first else KNOWN_SHARE * (~np.isnat(history.delivered)).sum()
    wanted = [Period(name, *clock.utc(np.array(edges, dtype="datetime64[s]"))) for name, *edges in named]
    if not last:
        known = history.days[np.isfinite(history.days)]
        settled = end_of(history) - span(min(table.scale.settling, float(np.quantile(known, MOSTLY))))
        wanted = [period for period in wanted if period.end <= settled] or wanted
    usable = [period for period in wanted if _can_be_judged(history, period, max(enough, FEWEST_KNOWN))]
    if not usable:
        raise InvalidInput(
            f"no {'week' if weekly else 'month'} from {begin} to {end - 1} has {FEWEST_KNOWN} deliveries known before "
            f"it and {FEWEST_TO_JUDGE} in it: choose others with --first and --last, or prepare orders of a longer time"
        )
    return usable


def _can_be_judged(history: History, period: Period, known: float) -> bool:
    return int(history.known_at(period.start).sum()) >= known and (
        int(period.delivered_in(history).sum()) >= FEWEST_TO_JUDGE
    )

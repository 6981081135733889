"""How wrong the model is with recent orders, those still under way counted with the error that they have by now.

Judged by delivered orders alone, a wave of delays shows too late: the slow ones are missing, so the error looks small
for weeks. An order under way that was predicted for 10 days and is 25 days old is wrong by 15 days at least.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import TextClause, text

from common.database.alerts import Finding
from common.database.counted import BOUGHT, COUNTED, FIRST
from monitor.alerts.check import Check, Situation
from monitor.windows.live import SOURCE

AGE_DAYS = (21, 35)
"""Ages of the orders looked at: nine of ten have arrived when all is calm."""

FEWEST_ORDERS = 100
FEWEST_KNOWN = 0.6
"""Share of them with an actual: with fewer, it is the actuals that are missing (in the wave of 2018 it was 0.73)."""


MOST_ORDERS = 50_000
"""About so many of them are looked at, of more a piece of each of STRETCHES: a mean of more is no better known."""

STRETCHES = 56
"""Of the ages, six hours each."""


class ErrorSoFar(Check):
    """Opens when the mean error exceeds the training data's by the factor `opens` with two standard errors to spare.

    Closes when it does not exceed it. Measured on Olist, see docs/monitoring.md.
    """

    name = "worse-than-trained"
    severity = "critical"
    opens = closes = 1.15
    retrains = True

    def findings(self, situation: Situation) -> Iterator[Finding]:
        """One finding about the version that serves, none about one with too few orders."""
        given = {"version": situation.version, "present": situation.present}
        counted: int = situation.session.scalars(_COUNTED, given).one()
        spans = looked_at(situation.present, MOST_ORDERS / max(counted, 1))
        bounds = {f"{bound}_{at}": moment for at, span in enumerate(spans) for bound, moment in span.items()}
        row = situation.session.execute(_error(len(spans)), given | bounds).one_or_none()
        if row is not None and situation.version is not None:
            limit = self.opens * row.trained_mae
            yield Finding(
                situation.version,
                "open" if row.lower_bound > limit else "close" if row.mae <= limit else None,
                f"orders of {AGE_DAYS[0]} to {AGE_DAYS[1]} days ago are off by {row.mae:.1f} days, those under way "
                f"counted as they stand; on the training data it was {row.trained_mae:.1f} (limit {limit:.1f})",
                row.mae,
                limit,
            )
        yield from situation.closed_for_replaced_versions(self.name)


def looked_at(present: datetime, share: float) -> list[dict[str, datetime]]:
    """The spans of purchase time (`begin`, `end`) that are looked at: all of the ages, or that share of each stretch,
    at the same place in it each time."""
    oldest, youngest = (present - timedelta(days=age) for age in reversed(AGE_DAYS))
    if share >= 1:
        return [{"begin": oldest, "end": youngest}]
    stretch, chance = (youngest - oldest) / STRETCHES, random.Random(0)
    begins = [oldest + stretch * (number + chance.uniform(0, 1 - share)) for number in range(STRETCHES)]
    return [{"begin": begin, "end": begin + stretch * share} for begin in begins]


_COUNTED = text(f"""
    SELECT coalesce(sum(rows), 0) FROM model_metrics
    WHERE source = '{SOURCE}' AND model_version = :version
      AND window_end > :present - interval '{AGE_DAYS[1]} days'
      AND window_start < :present - interval '{AGE_DAYS[0]} days'
""")  # noqa: S608
"""Roughly how many orders there are, as counted when their windows were measured."""


def _error(spans: int) -> TextClause:
    bought_then = (f"(purchase_timestamp >= :begin_{at} AND purchase_timestamp < :end_{at})" for at in range(spans))
    return text(_ERROR % " OR ".join(bought_then))


_ERROR = f"""
    SELECT trained_mae, avg(error) AS mae, avg(error) - 2 * stddev_samp(error) / sqrt(count(*)) AS lower_bound
    FROM (
        SELECT trained_mae FROM model_metrics WHERE source = '{SOURCE}' AND model_version = :version
        ORDER BY window_end DESC, window_start DESC, id DESC LIMIT 1
    ) AS served, (
        SELECT delivered,
               CASE WHEN delivered THEN abs(delivery_time_days - days) ELSE greatest(age - delivery_time_days, 0) END
               AS error
        FROM (
            SELECT delivery_time_days, delivered_at IS NOT NULL AS delivered,
                   extract(epoch FROM delivered_at - purchase_timestamp)::float8 / 86400 AS days,
                   extract(epoch FROM :present - purchase_timestamp)::float8 / 86400 AS age
            FROM predictions LEFT JOIN actuals USING (order_id)
            WHERE role = 'champion' AND model_version = :version AND order_id IS NOT NULL
              AND {BOUGHT} AND {FIRST} AND {COUNTED}
              AND (%s)
        ) AS orders
    ) AS errors
    WHERE trained_mae > 0
    GROUP BY trained_mae
    HAVING count(*) >= {FEWEST_ORDERS} AND avg(delivered::int) >= {FEWEST_KNOWN}
"""  # noqa: S608

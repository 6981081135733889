"""How wrong the model is with recent orders, those still under way counted with the error that they have by now.

Delivered orders alone tell too late: in a wave of delays the slow ones are missing, so the error looks small for weeks.
An order under way that was predicted for 10 days and is 25 days old is wrong by 15 days at least.
"""

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from common.database.alerts import Finding
from monitor.windows.live import SOURCE
from monitor.windows.present import END, NEWEST_PURCHASE, PLAUSIBLE

RULE = "worse-than-trained"

AGE_DAYS = (21, 35)
"""Ages of the orders looked at, back from the newest purchase: nine of ten have arrived when all is calm."""

FEWEST_ORDERS = 100
FEWEST_KNOWN = 0.6
"""Share of them with an actual: with fewer, it is the actuals that are missing (in the wave of 2018 it was 0.73)."""

LIMIT = 1.15
"""Opens when the mean error exceeds the training data's by this factor with two standard errors to spare, and closes
when it does not exceed it. Measured on Olist, see docs/monitoring.md."""

QUERY = f"""
    SELECT served.model_version, served.trained_mae, count(*) AS orders, avg(error) AS mae,
           avg(error) - 2 * stddev_samp(error) / sqrt(count(*)) AS surely
    FROM (
        SELECT model_version, trained_mae FROM model_metrics WHERE source = '{SOURCE}' AND window_start < {END}
        ORDER BY window_end DESC, window_start DESC, id DESC LIMIT 1
    ) AS served
    JOIN (
        SELECT model_version, delivered,
               CASE WHEN delivered THEN abs(delivery_time_days - days) ELSE greatest(age - delivery_time_days, 0) END
               AS error
        FROM (
            SELECT model_version, delivery_time_days, delivered_at IS NOT NULL AS delivered,
                   extract(epoch FROM delivered_at - purchase_timestamp)::float8 / 86400 AS days,
                   extract(epoch FROM newest - purchase_timestamp)::float8 / 86400 AS age
            FROM predictions LEFT JOIN actuals USING (order_id), (SELECT {NEWEST_PURCHASE} AS newest) AS clock
            WHERE role = 'champion' AND order_id IS NOT NULL AND {PLAUSIBLE}
              AND purchase_timestamp >= newest - interval '{AGE_DAYS[1]} days'
              AND purchase_timestamp < newest - interval '{AGE_DAYS[0]} days'
              AND (delivered_at IS NULL OR delivered_at >= purchase_timestamp)
        ) AS orders
    ) AS errors ON errors.model_version = served.model_version
    WHERE served.trained_mae > 0
    GROUP BY served.model_version, served.trained_mae
    HAVING count(*) >= {FEWEST_ORDERS} AND avg(delivered::int) >= {FEWEST_KNOWN}
"""  # noqa: S608


def findings(session: Session) -> Iterator[Finding]:
    """One finding about the version that serves, none if too few orders can tell."""
    found = session.execute(text(QUERY)).one_or_none()
    if found is None:
        return
    limit = LIMIT * found.trained_mae
    yield Finding(
        RULE,
        found.model_version,
        "open" if found.surely > limit else "close" if found.mae <= limit else None,
        "critical",
        f"orders of {AGE_DAYS[0]} to {AGE_DAYS[1]} days ago are off by {found.mae:.1f} days, those under way counted "
        f"as they stand; on the training data it was {found.trained_mae:.1f} (limit {limit:.1f})",
        found.mae,
        limit,
    )

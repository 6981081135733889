"""Actuals that cannot be true. They are set aside until they are corrected; nothing is learned from them.

Those found are remembered, and only they and what has been said or asked since are looked at.
"""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import text

from common.database.alerts import Finding
from common.database.counted import NOT_IMPOSSIBLE
from monitor.alerts.check import Check, Situation
from monitor.log.marks import mark, marked


class ImpossibleActuals(Check):
    """Opens when an order's actual, received within a day, lies in the future, before its purchase or a year after."""

    name = "impossible-actuals"
    severity = "warning"
    opens = 0.5  # any
    closes = 0.5

    def findings(self, situation: Situation) -> Iterator[Finding]:
        """One finding about the client that reports deliveries, which names an order."""
        session = situation.session
        since = marked(session, self.name) or situation.now - timedelta(days=1)
        given = {"now": situation.now, "present": situation.present, "since": since}
        newest = session.execute(_IMPOSSIBLE, given).one_or_none()
        mark(session, self.name, session.scalars(text("SELECT now()")).one())
        orders, message = 0, ""
        if newest:
            orders = newest.orders
            message = (
                f"{orders} deliveries reported within a day are impossible and set aside, such as order "
                f"{newest.order_id}: bought {newest.bought:%Y-%m-%d}, delivered {newest.delivered:%Y-%m-%d}"
            )
        yield Finding("actuals", self.change(orders), message, float(orders), self.opens)


_WITHIN_A_DAY = "received_at > :now - interval '1 day' AND received_at <= :now + interval '1 minute'"

_IMPOSSIBLE = text(f"""
    WITH looked_at AS (
        SELECT order_id FROM impossible_actuals
        UNION SELECT order_id FROM actuals WHERE received_at > :since AND {_WITHIN_A_DAY}
        UNION SELECT order_id FROM predictions WHERE logged_at > :since AND order_id IS NOT NULL
    ), found AS (
        SELECT order_id, max(received_at) AS received, min(purchase_timestamp AT TIME ZONE 'UTC') AS bought,
               min(delivered_at AT TIME ZONE 'UTC') AS delivered
        FROM looked_at JOIN actuals USING (order_id) JOIN predictions USING (order_id)
        WHERE {_WITHIN_A_DAY} AND NOT {NOT_IMPOSSIBLE}
        GROUP BY order_id
    ), remembered AS (
        INSERT INTO impossible_actuals SELECT order_id FROM found ON CONFLICT DO NOTHING
    ), forgotten AS (
        DELETE FROM impossible_actuals WHERE order_id NOT IN (SELECT order_id FROM found)
    )
    SELECT count(*) OVER () AS orders, order_id, bought, delivered FROM found ORDER BY received DESC LIMIT 1
""")  # noqa: S608

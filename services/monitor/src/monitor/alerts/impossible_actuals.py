"""Actuals that cannot be true. They are set aside until they are corrected; nothing is learned from them."""

from collections.abc import Iterator

from sqlalchemy import text

from common.database.alerts import Finding
from common.database.counted import NOT_IMPOSSIBLE
from monitor.alerts.check import Check, Situation


class ImpossibleActuals(Check):
    """Opens when an order's actual, received within a day, lies in the future, before its purchase or a year after."""

    name = "impossible-actuals"
    severity = "warning"
    opens = 0.5  # any
    closes = 0.5

    def findings(self, situation: Situation) -> Iterator[Finding]:
        """One finding about the client that reports deliveries, which names an order."""
        times = {"now": situation.now, "present": situation.present}
        orders = situation.session.execute(_IMPOSSIBLE, times).all()
        message = ""
        if orders:
            newest = orders[0]
            message = (
                f"{len(orders)} deliveries reported within a day are impossible and set aside, such as order "
                f"{newest.order_id}: bought {newest.bought:%Y-%m-%d}, delivered {newest.delivered:%Y-%m-%d}"
            )
        yield Finding("actuals", self.change(len(orders)), message, float(len(orders)), self.opens)


_IMPOSSIBLE = text(f"""
    SELECT order_id, min(purchase_timestamp AT TIME ZONE 'UTC') AS bought,
           min(delivered_at AT TIME ZONE 'UTC') AS delivered
    FROM actuals JOIN predictions USING (order_id)
    WHERE received_at > :now - interval '1 day' AND received_at <= :now + interval '1 minute' AND NOT {NOT_IMPOSSIBLE}
    GROUP BY order_id ORDER BY max(received_at) DESC LIMIT 1000
""")  # noqa: S608

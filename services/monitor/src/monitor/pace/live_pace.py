"""The delivery pace of live traffic: from logged orders, those still under way included, and the actuals so far."""

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from common.database.alerts import Finding
from common.database.delivery_pace import write_pace
from common.database.tables import DeliveryPace
from common.model.bundle import Bundle
from common.model.features import features
from common.model.pace import FEWEST_ORDERS, GROUPS, WINDOW_DAYS, PaceTable, pace_table
from common.orders.columns import Orders
from monitor.windows.present import NEWEST_PURCHASE, PLAUSIBLE

LOOK_BACK = timedelta(days=120)
"""Orders older than this, counted from the newest, change no pace any more."""

SLOW_QUANTILE = 0.95
TOLERANCE = 0.05
"""An alert opens when deliveries are slower, by this share, than on that quantile of the days learned from, and closes
when they are not slower than that. Measured: opens in two regions on the first day of the wave of February 2018, in
four within 18 days, in none in the calm August and September 2017. The highest day ever would open a month late."""

RULE = "pace-out-of-range"


def keep_pace(session: Session, bundle: Bundle) -> list[Finding]:
    """Write the pace of every day of the log, after that of the training data; returns what to alert about.

    A day and group with too few orders keeps its pace of the day before, which may be the training data's. So do all
    groups on the log's first days: of orders that are all young nobody knows how slow the slow ones are.
    """
    history = {(day, group): (day, group, pace, orders) for day, group, pace, orders in bundle.pace.rows()}
    if session.scalar(select(DeliveryPace.day).limit(1)) is None:
        write_pace(session, history.values())
    measured = _measured(session, bundle)
    if measured is None:
        return []
    covered = measured.first + timedelta(days=WINDOW_DAYS - 1)
    newest = {(measured.last, group): (measured.last, group, np.nan, 0) for group in GROUPS}
    trusted = {
        (day, group): (day, group, pace, orders)
        for day, group, pace, orders in measured.rows()
        if day >= covered and orders >= FEWEST_ORDERS
    }
    known = PaceTable.of_rows((history | newest | trusted).values())
    begin = min(covered, max(measured.first, _last_day(session) + timedelta(days=1)))
    write_pace(session, (row for row in known.rows() if begin <= row[0] <= measured.last))
    return list(_findings(bundle.pace, measured)) if measured.last >= covered else []


def _last_day(session: Session) -> date:
    return session.scalars(select(func.max(DeliveryPace.day))).one()


def _measured(session: Session, bundle: Bundle) -> PaceTable | None:
    """The pace that the log alone gives; None without an order in it."""
    rows = session.execute(_ORDERS, {"back": LOOK_BACK}).all()
    if not rows:
        return None
    prefix, lat, lng, bought, arrived = zip(*sorted(rows, key=lambda row: row[3]), strict=True)
    purchase = np.array(bought, dtype="datetime64[s]")
    delivered = np.array(arrived, dtype="datetime64[s]")
    orders = Orders(
        np.array(prefix, dtype=np.int64), np.array(lat, dtype=np.float64), np.array(lng, dtype=np.float64), purchase
    )
    found = features(orders, bundle.places)
    known = delivered[~np.isnat(delivered)]
    newest = max([purchase[-1], *np.sort(known)[-1:]])
    until: date = newest.astype("datetime64[D]").astype(date)
    return pace_table(purchase, delivered, found.customer_state, found.same_state, until)


def _findings(training: PaceTable, measured: PaceTable) -> Iterator[Finding]:
    """One finding for each group that both the training data and the newest day tell something about."""
    for number, region in enumerate(GROUPS):
        learned = training.pace[training.orders[:, number] >= FEWEST_ORDERS, number]
        if measured.orders[-1, number] < FEWEST_ORDERS or not len(learned):
            continue
        pace, limit = float(measured.pace[-1, number]), float(np.quantile(learned, SLOW_QUANTILE))
        yield Finding(
            RULE,
            region,
            "open" if pace > limit * (1 + TOLERANCE) else "close" if pace <= limit else None,
            "warning",
            f"deliveries in {region} take {pace:.1f} days at present, {limit:.1f} or less on {SLOW_QUANTILE:.0%} "
            "of the days in the training data",
            pace,
            limit,
        )


_ORDERS = text(f"""
    SELECT DISTINCT ON (order_id)
           seller_zip_code_prefix, customer_lat, customer_lng,
           purchase_timestamp AT TIME ZONE 'UTC', delivered_at AT TIME ZONE 'UTC'
    FROM predictions LEFT JOIN actuals USING (order_id)
    WHERE role = 'champion' AND order_id IS NOT NULL
      AND (delivered_at IS NULL OR delivered_at >= purchase_timestamp)
      AND {PLAUSIBLE}
      AND purchase_timestamp > {NEWEST_PURCHASE} - :back
    ORDER BY order_id, purchase_timestamp
""")  # noqa: S608

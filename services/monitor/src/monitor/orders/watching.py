"""Which orders under way will likely miss their promise: every logged one that was given one, as it is known now."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from common.database.at_risk import Watched, keep, known
from common.database.counted import BOUGHT, COUNTED, TRUSTED
from common.database.delivery_pace import read_pace
from common.database.present import present
from common.model.after_purchase.watched import as_known, days_between, moments_of, promise_of
from common.model.bundle import Bundle
from common.model.predictor import Predictor
from common.model.time_scale import TimeScale
from common.orders.logged import logged_orders

WATCHED_AT_ONCE = 20_000


def watch_orders(session: Session, bundle: Bundle, limit: float) -> list[Watched]:
    """Keep the table of the orders at risk; those that are new in it.

    limit: the probability from which on an order is at risk. Orders that are much older than deliveries take (the
    scale's look_back) are not watched any more: nobody will say what became of them.
    """
    now = present(session)
    predictor = Predictor(bundle).with_present_pace(read_pace(session))
    back = timedelta(days=TimeScale(bundle.manifest.typical_days).look_back)
    before = known(session)
    wanted = {"present": now, "oldest": now - back}
    rows = session.execute(_UNDER_WAY, wanted, execution_options={"yield_per": WATCHED_AT_ONCE})
    kept: list[Watched] = []
    for part in rows.partitions():
        columns = dict(zip(rows.keys(), map(list, zip(*part, strict=True)), strict=True))
        watched = _looked_at(columns, predictor, now)
        kept += (order for order in watched if order.probability >= limit or order.order_id in before)
    keep(session, kept, limit, now)
    return [order for order in kept if order.order_id not in before]


def _looked_at(columns: dict[str, list[Any]], predictor: Predictor, now: datetime) -> list[Watched]:
    """The orders of the log with their probabilities as of now."""
    order_ids, owners, shipped = (columns.pop(name) for name in ("order_id", "owner", "shipped_at"))
    promises = [
        promise_of(bought, further)
        for bought, further in zip(columns["purchase_timestamp"], columns["further"], strict=True)
    ]
    orders = logged_orders(columns, predictor.reading)
    said = orders.later.get("shipped_timestamp", np.full(len(orders), np.datetime64("NaT", "s")))
    reported = moments_of(shipped)
    then = as_known(orders, np.where(np.isnat(reported), said, reported), np.datetime64(now.replace(tzinfo=None), "s"))
    predicted = predictor.predict(then)
    promised_days = days_between(orders.purchase_timestamp, moments_of(promises))
    missed = 1 - predicted.distribution.probability_by(promised_days)
    expected = orders.purchase_timestamp + (predicted.days * 86_400).astype("timedelta64[s]")
    handed_over = then.later["shipped_timestamp"]
    return [
        Watched(
            order_id,
            owner,
            _utc(bought),
            shipped_at and _utc(shipped_at),
            _utc(promised_at),
            _utc(expected_at),
            probability,
            predictor.version,
        )
        for order_id, owner, bought, shipped_at, promised_at, expected_at, probability in zip(
            order_ids,
            owners,
            orders.purchase_timestamp.astype(datetime).tolist(),
            handed_over.astype(datetime).tolist(),
            promises,
            expected.astype(datetime).tolist(),
            missed.tolist(),
            strict=True,
        )
        if promised_at is not None
    ]


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)


_UNDER_WAY = text(f"""
    SELECT DISTINCT ON (order_id)
           order_id, coalesce(api_keys.owner, '') AS owner, seller_zip_code_prefix, customer_lat, customer_lng, further,
           purchase_timestamp AT TIME ZONE 'UTC' AS purchase_timestamp, shipped_at
    FROM predictions LEFT JOIN actuals USING (order_id) LEFT JOIN api_keys ON api_keys.id = predictions.key_id
    WHERE role = 'champion' AND order_id IS NOT NULL AND delivered_at IS NULL
      AND jsonb_exists_any(further, ARRAY['promised_timestamp', 'promises'])
      AND {BOUGHT} AND {COUNTED} AND {TRUSTED} AND purchase_timestamp >= :oldest
    ORDER BY order_id, predicted_at
""")  # noqa: S608
"""The first answer that went with a promise."""

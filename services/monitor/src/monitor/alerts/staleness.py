"""Metrics or a delivery pace older than the orders that they should tell about."""

from common.database.counted import BOUGHT
from monitor.alerts.check import QueryCheck
from monitor.windows.live import SOURCE

STALE_METRICS = QueryCheck(
    name="stale-metrics",
    severity="warning",
    subject="monitor",
    query=f"""
        SELECT greatest(
                   extract(epoch FROM newest_order - window_end) / extract(epoch FROM window_end - window_start), 0
               )::float8 AS value
        FROM (
            SELECT window_start, window_end FROM model_metrics WHERE source = '{SOURCE}' AND window_start < :present
            ORDER BY window_end DESC LIMIT 1
        ) AS newest_window, (
            SELECT max(purchase_timestamp) AS newest_order FROM predictions
            WHERE {BOUGHT} AND predicted_at < :now - interval '15 minutes'
        ) AS measurable""",  # noqa: S608
    opens=2,
    closes=2,
    message="the newest metrics are {value:.1f} windows older than the newest prediction (limit {limit})",
)
"""In windows, from the end of the newest one to the newest order that there was time to measure."""

STALE_PACE = QueryCheck(
    name="stale-pace",
    severity="warning",
    subject="monitor",
    query=f"""
        SELECT greatest((max(purchase_timestamp) AT TIME ZONE 'UTC')::date - (SELECT max(day) FROM delivery_pace), 0)
               ::float8 AS value
        FROM predictions
        WHERE order_id IS NOT NULL AND {BOUGHT} AND predicted_at < :now - interval '2 hours'""",  # noqa: S608
    opens=2,
    closes=2,
    message="the delivery pace is {value:.0f} days older than the newest order (limit {limit})",
)
"""In days, to the newest order whose pace there was time to compute. A log without order ids keeps no pace, and has
none to grow stale."""

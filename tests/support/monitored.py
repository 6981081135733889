"""What the monitor finds in its tables: nothing yet, or windows in which all is well."""

from datetime import datetime, timedelta
from typing import Any

from redis import Redis
from sqlalchemy import text

from common.database.session import Database
from common.database.tables import ModelMetrics
from common.servers.prediction_log import STREAM

TABLES = (
    "predictions, invalid_requests, actuals, model_metrics, delivery_pace, model_events, retrainings, notifications, "
    "alerts, replays, erasures, cold_files, marks, pace_counts, counted_orders, pace_bases, orders_at_risk, "
    "waiting_windows, impossible_actuals"
)


def forget_everything(database: Database, queue_url: str, *lists: str) -> None:
    """Empty the monitor's tables and the prediction log; lists: further keys of the queue."""
    with database.transaction() as session:
        session.execute(text(f"TRUNCATE {TABLES}"))
    with Redis.from_url(queue_url) as redis:
        redis.delete(STREAM, f"{STREAM}-refused", *lists)


def calm_window(start: datetime, length: timedelta, **values: Any) -> ModelMetrics:
    """A live window of version 1, calm where nothing else is said."""
    calm = {
        "timestamp": start + length,
        "source": "live",
        "model_version": "1",
        "rows": 500,
        "rows_with_actual": 400,
        "prediction_drift": 0.05,
        "num_drifted_columns": 0,
        "share_missing_values": 0.0,
        "value_range_share_in_range": 0.98,
        "prediction_corr_with_features": 0.3,
        "mae": 4.0,
        "baseline_mae": 6.0,
        "interval_coverage": 0.9,
    }
    return ModelMetrics(window_start=start, window_end=start + length, **(calm | values))

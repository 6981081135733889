"""What Grafana's role may read: any of its viewers can send any SQL, so it reads what dashboards show and no more.

No place, no key, no owner; of orders their ids alone.
"""

from sqlalchemy import Connection, text

ROLE = "grafana"

TABLES = ("alerts", "delivery_pace", "model_events", "model_metrics", "notifications", "replays", "retrainings")
COLUMNS = {
    "predictions": "order_id, predicted_at, purchase_timestamp, logged_at, model_version, role, latency_ms",
    "actuals": "received_at",
    "invalid_requests": "counted_at, requests",
    "batch_jobs": "id, kind, status, created_at, started_at, finished_at, lease_expires_at, rows_total, rows_done, "
    "rows_failed, bytes_total, bytes_done, attempts, faults, model_version, pace_day, input_uri, output_uri, error",
    "batch_chunks": "job_id, number, status, rows, rows_failed, bytes, attempts, faults, lease_expires_at",
}


def grant(connection: Connection) -> None:
    """Let Grafana's role, where there is one, read just this; whatever it could read before is taken back."""
    if connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": ROLE}) is None:
        return
    for statement in (
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON TABLES FROM {ROLE}",  # noqa: S608 (constants)
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {ROLE}",
        f"GRANT USAGE ON SCHEMA public TO {ROLE}",
        f"GRANT SELECT ON {', '.join(TABLES)} TO {ROLE}",
        *(f"GRANT SELECT ({columns}) ON {table} TO {ROLE}" for table, columns in COLUMNS.items()),
    ):
        connection.execute(text(statement))

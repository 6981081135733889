"""Retrainings that keep failing: alerts on the model's quality stay open, and nothing is done about them."""

from monitor.alerts.check import QueryCheck

FAILED_RETRAININGS = QueryCheck(
    name="retrainings-fail",
    severity="warning",
    subject="trainer",
    query="""
        SELECT count(*)::float8 AS value FROM retrainings
        WHERE status = 'failed' AND finished_at > coalesce(
            (SELECT max(finished_at) FROM retrainings WHERE status = 'succeeded'), '-infinity'
        )""",
    opens=1,
    closes=0,
    message="the newest {value:.0f} retrainings have failed (limit {limit})",
)

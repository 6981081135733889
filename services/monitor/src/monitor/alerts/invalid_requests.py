"""A client that sends what no model takes: nulls, texts, places that do not exist.

The gateway answers 400 or 422 and predicts nothing, so no metric of the predictions shows it. It counts such requests
in the prediction log instead.
"""

from monitor.alerts.check import QueryCheck

MINUTES = 15
FEWEST_REQUESTS = 20

INVALID_REQUESTS = QueryCheck(
    name="invalid-requests",
    severity="warning",
    subject="gateway",
    query=f"""
        SELECT invalid / (invalid + valid) AS value FROM (
            SELECT (SELECT coalesce(sum(requests), 0)::float8 FROM invalid_requests
                    WHERE counted_at > :now - interval '{MINUTES} minutes') AS invalid,
                   (SELECT count(DISTINCT request_id) FROM predictions
                    WHERE predicted_at > :now - interval '{MINUTES} minutes') AS valid
        ) AS requests WHERE invalid + valid >= {FEWEST_REQUESTS}""",  # noqa: S608
    opens=0.05,
    closes=0.02,
    message=f"{{value:.0%}} of the prediction requests of {MINUTES} minutes were refused as invalid "
    "(limit {limit:.0%})",
)

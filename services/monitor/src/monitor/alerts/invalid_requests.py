"""A client that sends what no model takes: nulls, texts, places that do not exist.

The gateway answers 400 or 422 and predicts nothing, so no metric of the predictions shows it. It counts such requests
in the prediction log instead.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from common.database.alerts import Finding
from common.database.tables import InvalidRequests
from common.servers.prediction_log import CountedRequests

RULE = "invalid-requests"
MINUTES = 15
FEWEST_REQUESTS = 20
OPENS, CLOSES = 0.05, 0.02

QUERY = f"""
    SELECT invalid / (invalid + valid) AS value FROM (
        SELECT (SELECT coalesce(sum(requests), 0)::float8 FROM invalid_requests
                WHERE counted_at > {{now}} - interval '{MINUTES} minutes') AS invalid,
               (SELECT count(DISTINCT request_id) FROM predictions
                WHERE predicted_at > {{now}} - interval '{MINUTES} minutes') AS valid
    ) AS requests WHERE invalid + valid >= {FEWEST_REQUESTS}
"""  # noqa: S608


def store(session: Session, counted: Sequence[CountedRequests]) -> None:
    """Write counts of invalid requests; ids that are there already stay as they are."""
    if counted:
        session.execute(insert(InvalidRequests).on_conflict_do_nothing(), [entry._asdict() for entry in counted])


def findings(session: Session, now: datetime) -> Iterator[Finding]:
    """One finding about the share of invalid requests, none if there were too few requests to tell."""
    share: float | None = session.scalar(text(QUERY.format(now="CAST(:now AS timestamptz)")), {"now": now})
    if share is not None:
        yield Finding(
            RULE,
            "gateway",
            "open" if share > OPENS else "close" if share <= CLOSES else None,
            "warning",
            f"{share:.0%} of the prediction requests of {MINUTES} minutes were refused as invalid (limit {OPENS:.0%})",
            share,
            OPENS,
        )

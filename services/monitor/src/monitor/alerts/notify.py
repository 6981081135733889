"""Alerts to a webhook, as JSON: written with the alert, sent from the table until the receiver has taken them.

A worker that dies between the commit and the sending loses nothing; one that dies between the sending and its commit
sends twice. The receiver tells by `id` and `status`.
"""

import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import text
from sqlalchemy.orm import Session

from common.database.session import Database
from common.database.tables import Alert, Notification

TIMEOUT_SECONDS = 10.0
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=10)
GIVEN_UP_AFTER = timedelta(days=3)

logger = logging.getLogger(__name__)


def write(session: Session, alerts: Iterable[Alert]) -> None:
    """Queue notifications for these alerts in their present state."""
    session.add_all(Notification(alert_id=alert.id, body=payload(alert)) for alert in alerts)


def payload(alert: Alert) -> dict[str, Any]:
    """What the webhook gets: the alert as it is now."""
    return {
        "id": alert.id,
        "rule": alert.rule,
        "subject": alert.subject,
        "severity": alert.severity,
        "status": alert.status,
        "message": alert.message,
        "value": alert.value,
        "threshold": alert.threshold,
        "opened_at": alert.opened_at.isoformat(),
        "closed_at": alert.closed_at.isoformat() if alert.closed_at else None,
        "runbook": f"docs/runbook.md#{alert.rule}",
    }


def send_waiting(database: Database, url: str) -> int:
    """Post every notification that is due, oldest first and those of one alert in order; returns how many were sent.

    One that the receiver does not take waits, twice as long each time.
    """
    sent = 0
    while True:
        with database.transaction() as session:
            waiting = session.scalar(text(_NEXT), {"given_up_after": GIVEN_UP_AFTER})
            if waiting is None:
                return sent
            sent += _send(url, session.get_one(Notification, waiting))


def _send(url: str, notification: Notification) -> bool:
    notification.attempts += 1
    now = datetime.now(UTC)
    try:
        httpx.post(url, json=notification.body, timeout=TIMEOUT_SECONDS).raise_for_status()
    except httpx.HTTPError as error:
        wait = min(FIRST_WAIT * 2 ** min(notification.attempts - 1, 10), LONGEST_WAIT)
        notification.due_at = now + wait
        logger.warning("the webhook did not take alert %s: %s", notification.alert_id, error)
        return False
    notification.sent_at = now
    return True


_NEXT = """
    SELECT id FROM notifications AS waiting
    WHERE sent_at IS NULL AND due_at <= now() AND created_at > now() - :given_up_after
      AND NOT EXISTS (
          SELECT FROM notifications AS earlier
          WHERE earlier.alert_id = waiting.alert_id AND earlier.id < waiting.id AND earlier.sent_at IS NULL
            AND earlier.created_at > now() - :given_up_after
      )
    ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
"""

"""Alerts to a webhook, as JSON: written with the alert, sent from the table until the receiver has taken them.

A worker that dies between the commit and the sending loses nothing; one that dies between the sending and its commit
sends twice: the receiver compares `id` and `status`.
"""

import asyncio
import logging
import threading
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import text
from sqlalchemy.orm import Session

from common.database.at_risk import Watched
from common.database.session import Database
from common.database.tables import Alert, Notification

ORDER_RULE = "order-at-risk"
PAUSE_SECONDS = 1.0
TIMEOUT_SECONDS = 10.0
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=10)
GIVEN_UP_AFTER = timedelta(days=3)

logger = logging.getLogger(__name__)


class Notifier:
    """Sends what waits, in a thread of its own: a receiver that hangs keeps no check and no measuring waiting."""

    def __init__(self, database: Database, url: str) -> None:
        self._database = database
        self._url = url
        self._stop = threading.Event()

    def run(self) -> None:
        """Send until stopped, whatever happens."""
        while not self._stop.wait(PAUSE_SECONDS):
            try:
                send_waiting(self._database, self._url)
            except Exception:
                logger.exception("notifications wait")

    def stop(self) -> None:
        """Return from `run` after the message in hand."""
        self._stop.set()


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


def write_orders(session: Session, orders: Iterable[Watched], limit: float) -> None:
    """Queue a notification of each order, which has just come to be at risk."""
    session.add_all(Notification(body=order_payload(order, limit)) for order in orders)


def order_payload(order: Watched, limit: float) -> dict[str, Any]:
    """What the webhook gets of an order at risk, in the shape of an alert."""
    return {
        "id": f"{ORDER_RULE}:{order.order_id}",
        "rule": ORDER_RULE,
        "subject": order.order_id,
        "severity": "warning",
        "status": "open",
        "message": f"order {order.order_id} will likely miss its promise of {order.promised_at:%Y-%m-%d}: with "
        f"probability {order.probability:.2f}; expected {order.expected_at:%Y-%m-%d}",
        "value": order.probability,
        "threshold": limit,
        "promised_at": order.promised_at.isoformat(),
        "expected_at": order.expected_at.isoformat(),
        "runbook": f"docs/runbook.md#{ORDER_RULE}",
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
    reason = asyncio.run(_refusal(url, notification.body))
    if reason:
        wait = min(FIRST_WAIT * 2 ** min(notification.attempts - 1, 10), LONGEST_WAIT)
        notification.due_at = now + wait
        logger.warning("the webhook did not take %s: %s", _about(notification), reason)
        return False
    notification.sent_at = now
    return True


def _about(notification: Notification) -> str:
    return "a word about an order" if notification.alert_id is None else f"alert {notification.alert_id}"


async def _refusal(url: str, body: dict[str, Any]) -> str | None:
    """Post the body; why it was not taken, without the address, which may hold a secret.

    The deadline is for the whole exchange: an answer that drips resets every other timeout with each byte.
    """
    try:
        async with (
            asyncio.timeout(TIMEOUT_SECONDS),
            httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as client,
            client.stream("POST", url, json=body) as answer,
        ):
            return None if answer.is_success else f"status {answer.status_code}"
    except (httpx.HTTPError, TimeoutError) as error:
        return f"no answer within {TIMEOUT_SECONDS:g} s" if isinstance(error, TimeoutError) else type(error).__name__


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

"""Alerts to a webhook, as JSON."""

from typing import Any

import httpx

from common.database.tables import Alert

TIMEOUT_SECONDS = 10.0


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


def post(url: str, body: dict[str, Any]) -> None:
    """Post once; httpx.HTTPError if the receiver is away or does not accept it, so that the caller tries again."""
    httpx.post(url, json=body, timeout=TIMEOUT_SECONDS).raise_for_status()

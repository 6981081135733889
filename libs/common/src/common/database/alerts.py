"""The table `alerts`: opened and closed by checks, acknowledged by people."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from common.database.access.acts import record
from common.database.tables import Alert
from common.errors import Conflict, NotFound

CLOSED = "closed"

Severity = Literal["warning", "critical"]
Change = Literal["open", "close", None]


@dataclass(frozen=True)
class Finding:
    """What a check says about one subject: open its alert, close it, or leave it as it is."""

    subject: str
    change: Change
    message: str
    value: float | None = None
    threshold: float | None = None
    window_end: datetime | None = None


def apply(session: Session, rule: str, severity: Severity, findings: Iterable[Finding]) -> list[Alert]:
    """Open and close a rule's alerts; returns those that changed. An alert that is open already is not opened again."""
    changed: list[Alert] = []
    for finding in findings:
        alert = _open(session, rule, severity, finding) if finding.change == "open" else None
        if finding.change == "close":
            alert = _close(session, rule, finding)
        if alert is not None:
            changed.append(alert)
    return changed


def not_closed(session: Session) -> dict[tuple[str, str], Alert]:
    """Open and acknowledged alerts by rule and subject."""
    alerts = session.scalars(select(Alert).where(Alert.status != CLOSED))
    return {(alert.rule, alert.subject): alert for alert in alerts}


def listed(session: Session, everything: bool) -> list[Alert]:
    """Alerts, newest first: those not closed, or the newest hundred of all."""
    query = select(Alert).order_by(Alert.opened_at.desc(), Alert.id.desc())
    return list(session.scalars(query.limit(100) if everything else query.where(Alert.status != CLOSED)))


def acknowledge(session: Session, alert_id: int, by: str) -> Alert:
    """Note who looks after an alert; NotFound without such an alert, Conflict if it is closed."""
    alert = session.get(Alert, alert_id, with_for_update=True)
    if alert is None:
        raise NotFound(f"there is no alert {alert_id}; `monitor alerts list` shows them")
    if alert.status == CLOSED and alert.closed_at:
        at = f"{alert.closed_at.astimezone(UTC):%Y-%m-%d %H:%M}"
        raise Conflict(f"alert {alert_id} ({alert.rule}) closed at {at}: nothing is left")
    alert.status, alert.acknowledged_at, alert.acknowledged_by = "acknowledged", datetime.now(UTC), by
    record(session, "alert acknowledged", by, f"{alert_id} {alert.rule}")
    return alert


def _open(session: Session, rule: str, severity: Severity, finding: Finding) -> Alert | None:
    """The new alert, or None if another one (of this or another worker) is there already."""
    statement = insert(Alert).values(
        rule=rule,
        subject=finding.subject,
        severity=severity,
        status="open",
        message=finding.message,
        value=finding.value,
        threshold=finding.threshold,
        window_end=finding.window_end,
    )
    new = session.scalar(
        statement.on_conflict_do_nothing(
            index_elements=["rule", "subject"], index_where=Alert.status != CLOSED
        ).returning(Alert.id)
    )
    return None if new is None else session.get(Alert, new)


def _close(session: Session, rule: str, finding: Finding) -> Alert | None:
    alert = session.scalar(
        select(Alert)
        .where(Alert.rule == rule, Alert.subject == finding.subject, Alert.status != CLOSED)
        .with_for_update()
    )
    if alert is not None:
        alert.status, alert.closed_at = CLOSED, datetime.now(UTC)
    return alert

"""Everything that alerts look at, in one pass: the model's windows, silence, stale metrics, a stale pace."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import and_, select, text
from sqlalchemy.orm import Session

from common.database.alerts import Finding, not_closed
from common.database.tables import Alert, ModelMetrics
from monitor.alerts import error_so_far, invalid_requests
from monitor.alerts.rules import RULES, SETTLED_AT_LAST, judge
from monitor.windows import live
from monitor.windows.present import END, PLAUSIBLE

MODEL_RULES = frozenset(rule.name for rule in RULES) | {error_so_far.RULE}

RECENT_WINDOWS = 6
STALE_WINDOWS = 2
STALE_PACE_DAYS = 2
DAY = timedelta(days=1)

METRICS_BEHIND = f"""
    SELECT extract(epoch FROM (
               SELECT max(purchase_timestamp) FROM predictions
               WHERE {PLAUSIBLE} AND predicted_at < now() - interval '15 minutes'
           ) - max(window_end))::float8 / 86400 AS value
    FROM model_metrics WHERE source = '{live.SOURCE}' AND window_start < {END}"""  # noqa: S608
"""Days from the end of the newest window to the newest order that there was time to measure."""

PACE_BEHIND = f"""
    SELECT (max(purchase_timestamp)::date - (SELECT max(day) FROM delivery_pace))::float8 AS value FROM predictions
    WHERE order_id IS NOT NULL AND {PLAUSIBLE} AND predicted_at < now() - interval '2 hours'"""  # noqa: S608
"""Days from the newest pace to the newest order whose pace there was time to compute."""

_LIVE = and_(ModelMetrics.source == live.SOURCE, ModelMetrics.window_start < text(END))


def findings(session: Session, now: datetime, length: timedelta, silence: timedelta) -> list[Finding]:
    """What every rule says at `now` about the version that serves."""
    current = not_closed(session)
    return [
        *_about_model(session, current, length),
        *error_so_far.findings(session),
        *_about_silence(session, now, silence),
        *invalid_requests.findings(session, now),
        *_about_staleness(session, length),
        *_about_pace_age(session),
    ]


def _about_model(session: Session, current: dict[tuple[str, str], Alert], length: timedelta) -> Iterator[Finding]:
    version = session.scalar(
        select(ModelMetrics.model_version)
        .where(_LIVE)
        .order_by(ModelMetrics.window_end.desc(), ModelMetrics.window_start.desc(), ModelMetrics.id.desc())
        .limit(1)
    )
    if version is None:
        return
    windows = _recent_windows(session, version, length)
    for rule in RULES:
        verdict = judge(rule, windows, is_open=(rule.name, version) in current)
        yield Finding(
            rule.name,
            version,
            verdict.change,
            rule.severity,
            "" if verdict.value is None else rule.message.format(value=verdict.value, limit=rule.opens),
            verdict.value,
            rule.opens,
            verdict.window_end,
        )
    for name, subject in current:
        if name in MODEL_RULES and subject != version:
            yield Finding(name, subject, "close", "", f"version {subject} no longer serves")


def _recent_windows(session: Session, version: str, length: timedelta) -> list[ModelMetrics]:
    """The version's windows of this length, oldest first, enough of them for every rule."""
    found = session.scalars(
        select(ModelMetrics)
        .where(
            _LIVE,
            ModelMetrics.model_version == version,
            ModelMetrics.window_end - ModelMetrics.window_start == length,
        )
        .order_by(ModelMetrics.window_end.desc())
        .limit(SETTLED_AT_LAST // length + RECENT_WINDOWS)
    )
    return list(found)[::-1]


def _about_silence(session: Session, now: datetime, silence: timedelta) -> Iterator[Finding]:
    newest: datetime | None = session.scalar(text("SELECT max(predicted_at) FROM predictions"))
    if newest is None:
        return
    minutes = (now - newest).total_seconds() / 60
    limit = silence.total_seconds() / 60
    yield Finding(
        "no-predictions",
        "gateway",
        "open" if minutes > limit else "close",
        "critical",
        f"no prediction for {minutes:.0f} minutes (limit {limit:.0f})",
        minutes,
        limit,
    )


def _about_staleness(session: Session, length: timedelta) -> Iterator[Finding]:
    days: float | None = session.scalar(text(METRICS_BEHIND))
    if days is None:
        return
    behind = max(days, 0.0) * DAY / length
    yield Finding(
        "stale-metrics",
        "monitor",
        "open" if behind > STALE_WINDOWS else "close",
        "warning",
        f"the newest metrics are {behind:.1f} windows older than the newest prediction (limit {STALE_WINDOWS})",
        behind,
        STALE_WINDOWS,
    )


def _about_pace_age(session: Session) -> Iterator[Finding]:
    """The pace must be as new as the orders; a log without order ids keeps no pace, and has none to grow stale."""
    behind: float | None = session.scalar(text(PACE_BEHIND))
    if behind is None:
        return
    days = max(behind, 0.0)
    yield Finding(
        "stale-pace",
        "monitor",
        "open" if days > STALE_PACE_DAYS else "close",
        "warning",
        f"the delivery pace is {days:.0f} days older than the newest order (limit {STALE_PACE_DAYS})",
        days,
        STALE_PACE_DAYS,
    )

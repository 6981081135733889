"""Windows of predictions, measured by the monitor: the table model_metrics."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from common.database.tables import Alert, ModelEvent, ModelMetrics
from common.errors import NotFound
from console.reads.events import GATE

MOST = 800
"""Two years of days."""


@dataclass(frozen=True)
class MeasuredWindow:
    """One window of one version; figures in days and shares, None where the window did not allow them.

    promises: by on-time share, how many `promises` were given to orders that have arrived, and how many were `kept`.
    """

    id: int
    source: str
    model_version: str
    window_start: datetime
    window_end: datetime
    rows: int
    rows_with_actual: int
    mae: float | None
    baseline_mae: float | None
    bias: float | None
    interval_coverage: float | None
    promises: dict[str, dict[str, int]] | None
    prediction_drift: float | None
    share_missing_values: float | None
    note: str | None
    report_uri: str | None


@dataclass(frozen=True)
class QualityCourse:
    """Windows in the order of time; the promotions (moment, version) and alerts (moment, rule) of that time."""

    windows: tuple[MeasuredWindow, ...]
    promotions: tuple[tuple[datetime, str], ...]
    alerts: tuple[tuple[datetime, str], ...] = ()


def course(session: Session, source: str) -> QualityCourse:
    """The newest MOST windows of `live` traffic or of the `backfill`."""
    query = select(ModelMetrics).where(ModelMetrics.source == source)
    query = query.order_by(ModelMetrics.window_end.desc(), ModelMetrics.id.desc()).limit(MOST)
    windows = tuple(
        MeasuredWindow(**{name: getattr(row, name) for name in MeasuredWindow.__dataclass_fields__})
        for row in reversed(list(session.scalars(query)))
    )
    if not windows:
        return QualityCourse((), ())
    promoted = (
        select(ModelEvent.happened_at, ModelEvent.model_version)
        .where(ModelEvent.event.in_(GATE[1:]))
        .where(ModelEvent.happened_at.between(windows[0].window_start, windows[-1].window_end))
        .order_by(ModelEvent.id)
    )
    opened = (
        select(Alert.opened_at, Alert.rule)
        .where(Alert.opened_at.between(windows[0].window_start, windows[-1].window_end))
        .order_by(Alert.opened_at)
    )
    promotions, alerts = (tuple((at, word) for at, word in session.execute(query)) for query in (promoted, opened))
    return QualityCourse(windows, promotions, alerts)


def report_uri(session: Session, window_id: int) -> str:
    """Where a window's full report lies; NotFound."""
    found = session.scalar(select(ModelMetrics.report_uri).where(ModelMetrics.id == window_id))
    if not found:
        raise NotFound(f"window {window_id} has no full report: `monitor backfill --reports N` makes those of N weeks")
    return found

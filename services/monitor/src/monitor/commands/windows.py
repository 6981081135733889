"""Measured windows for people (a table) and for programs (CSV), and the full report of one as a file."""

import csv
import gzip
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.table import Table
from sqlalchemy import select
from sqlalchemy.orm import Session

from common.database.tables import ModelMetrics
from common.errors import NotFound
from common.servers.objects import ObjectAddress, ObjectStore

GZIP = b"\x1f\x8b"
NO_REPORT = "`monitor metrics` shows the windows there are, `monitor backfill --reports N` makes reports of N weeks"


def newest(session: Session, source: str | None, length: int) -> list[ModelMetrics]:
    """The newest windows, in the order of time. source: `live` or `backfill`, None for both."""
    query = select(ModelMetrics).order_by(ModelMetrics.window_end.desc(), ModelMetrics.id.desc()).limit(length)
    if source is not None:
        query = query.where(ModelMetrics.source == source)
    return list(reversed(session.scalars(query).all()))


def as_table(windows: Sequence[ModelMetrics]) -> Table:
    """What one looks at first: errors in days, the rest as shares."""
    names = ("orders", "arrived", "error", "median's", "bias", "kept", "drift", "missing")
    table = Table("window", "days", "source", "version", box=None, pad_edge=False)
    for name in (*names, "report"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in windows:
        table.add_row(
            str(each.id),
            f"{_day(each.window_start)} to {_day(each.window_end)}",
            each.source,
            each.model_version,
            f"{each.rows:,}",
            f"{each.rows_with_actual:,}",
            *(_figure(value) for value in (each.mae, each.baseline_mae, each.bias, each.interval_coverage)),
            *(_figure(value) for value in (each.prediction_drift, each.share_missing_values)),
            "yes" if each.report_uri else "",
        )
    return table


def as_csv(windows: Sequence[ModelMetrics]) -> str:
    """Every column of `model_metrics`, one line a window under a header."""
    names = [column.name for column in ModelMetrics.__table__.columns]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([getattr(window, name) for name in names] for window in windows)
    return text.getvalue()


def reported(session: Session, window_id: int | None) -> ModelMetrics:
    """A window that has a full report, None for the newest; NotFound."""
    query = select(ModelMetrics).where(ModelMetrics.report_uri.is_not(None))
    if window_id is not None:
        query = query.where(ModelMetrics.id == window_id)
    found = session.scalars(query.order_by(ModelMetrics.window_end.desc(), ModelMetrics.id.desc()).limit(1)).first()
    if found is None:
        what = "no window has a full report" if window_id is None else f"window {window_id} has no full report"
        raise NotFound(f"{what}: {NO_REPORT}")
    return found


def save_report(store: ObjectStore, window: ModelMetrics, folder: Path) -> Path:
    """Write a window's report into a folder as HTML; its path. The store's errors."""
    found = store.stat(ObjectAddress.split(window.report_uri or ""))
    html = store.read(found.address, 0, found.size, found.etag)
    path = folder / f"{window.source}-version-{window.model_version}-{_day(window.window_end)}.html"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.decompress(html) if html.startswith(GZIP) else html)
    return path


def _day(moment: datetime) -> str:
    """Of UTC, as windows are, whatever zone the database answers in."""
    return f"{moment.astimezone(UTC):%Y-%m-%d}"


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"

"""All metrics of one window: one row of `model_metrics`, whatever the window holds."""

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from monitor.windows.evidently_report import ReportValues, report_on
from monitor.windows.promises import kept_promises
from monitor.windows.quality import quality_of
from monitor.windows.reference import Reference
from monitor.windows.watched import PREDICTION, WindowRows
from monitor.windows.windows import Window

if TYPE_CHECKING:
    from evidently.core.report import Snapshot

MIN_ROWS = 30
"""With fewer values drift is not measured: even 30 rows of the reference itself are 0.2 to 0.5 away from it."""

MAX_ROWS = 50_000
"""Evidently sees a sample of at most this many rows of a window: more cost time and memory and change no figure."""


@dataclass(frozen=True)
class Measured:
    """A row for `model_metrics` and the Evidently snapshot it came from, if there was one."""

    row: dict[str, Any]
    snapshot: "Snapshot | None"


def measure(
    rows: WindowRows, window: Window, reference: Reference, source: str, compared: ReportValues | None = None
) -> Measured:
    """Measure a window's rows (see `monitor.windows.watched`); what cannot be known is None, its reason in `note`.

    compared: what Evidently said of just these rows before; they are not compared again, and there is no snapshot.
    """
    notes: list[str] = []
    if len(rows) and window.end > reference.trained_from and window.start <= reference.trained_until:
        notes.append(
            f"the model learned from orders of {reference.trained_from:%Y-%m-%d} to "
            f"{reference.trained_until:%Y-%m-%d}: quality looks better than it is"
        )
    data, snapshot = _data_metrics(rows, reference, compared, notes)
    quality = quality_of(rows.days, reference.median_days)
    if len(rows) and not quality.rows_with_actual:
        notes.append("no actuals yet")
    row = {
        "timestamp": window.end,
        "source": source,
        "model_version": reference.model_version,
        "window_start": window.start,
        "window_end": window.end,
        "rows": len(rows),
        **asdict(quality),
        "promises": kept_promises(rows),
        "trained_mae": reference.mae,
        **data,
        "note": "; ".join(notes) or None,
    }
    return Measured(row, snapshot)


def _data_metrics(
    rows: WindowRows, reference: Reference, compared: ReportValues | None, notes: list[str]
) -> tuple[dict[str, Any], "Snapshot | None"]:
    nothing = dict.fromkeys(field.name for field in fields(ReportValues))
    if not len(rows):
        notes.append("no predictions")
        return nothing, None
    inputs = reference.watched.inputs
    current = reference.watched.columns(rows.sample(MAX_ROWS))
    present = current.count()
    if present.sum() == 0:
        notes.append("every value is missing")
        return nothing | {"share_missing_values": 1.0}, None
    scarce = [name for name in (*inputs, PREDICTION) if present[name] < MIN_ROWS]
    notes.extend(f"{name}: {present[name]} values, drift needs {MIN_ROWS}" for name in scarce)
    drifting = [name for name in inputs if name not in scarce]
    snapshot, values = None, compared
    if values is None:
        snapshot, values = report_on(current, reference, drifting, PREDICTION not in scarce)
    if PREDICTION not in scarce and values.prediction_corr_with_features is None:
        notes.append("no correlation: the prediction or every input is constant")
    return asdict(values), snapshot

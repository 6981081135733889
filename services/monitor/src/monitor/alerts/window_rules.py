"""Rules over consecutive live windows of the version that serves.

A rule opens when its value is beyond `opens` in several windows in a row, and closes when it is back within `closes`
in as many, so a value that wobbles around one limit raises one alert.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from common.database.alerts import Change, Finding, Severity
from common.database.tables import ModelMetrics
from monitor.alerts.check import Check, Situation

LABELS_COMPLETE = timedelta(days=14)
COMPLETE_SHARE = 0.8
LABELS_COMPLETE_AT_LAST = timedelta(days=45)
"""Early labels are the fast deliveries: on them a good model looks bad. Quality is judged LABELS_COMPLETE after a
window's end once this share of its orders has arrived, or LABELS_COMPLETE_AT_LAST after it where many rows are mere
questions without an order."""

MIN_ACTUALS = 50

Value = Callable[[ModelMetrics], float | None]


@dataclass(frozen=True, kw_only=True)
class WindowRule(Check):
    """value: of one window, None where it cannot be judged. message: formatted with value and limit.

    windows: how many in a row. needs_labels: whether only windows whose orders have mostly arrived count, this share of
    them at least.
    """

    name: str
    severity: Severity
    value: Value
    opens: float
    closes: float
    message: str
    worse: Literal["above", "below"] = "above"
    windows: int = 2
    needs_labels: bool = False
    complete_share: float = COMPLETE_SHARE
    retrains: bool = False

    def findings(self, situation: Situation) -> Iterator[Finding]:
        """One finding about the version that serves; alerts on replaced versions close."""
        if situation.version is None:
            return
        newest = self.newest_values(situation.windows, situation.present)
        if len(newest) == self.windows:
            is_open = (self.name, situation.version) in situation.alerts
            value, window_end = newest[0]
            change = self.change_after([value for value, _ in newest], is_open)
            message = self.message.format(value=value, limit=self.opens)
            yield Finding(situation.version, change, message, value, self.opens, window_end)
        yield from situation.closed_for_replaced_versions(self.name)

    def newest_values(self, windows: list[ModelMetrics], present: datetime) -> list[tuple[float, datetime]]:
        """Value and end of the newest windows that can be judged, as many as the rule needs if there are as many.

        windows: newest first.
        """
        values = (
            (value, window.window_end)
            for window in windows
            if not self.needs_labels or labels_complete(window, present, self.complete_share)
            if (value := self.value(window)) is not None
        )
        return [pair for pair, _ in zip(values, range(self.windows), strict=False)]

    def change_after(self, values: list[float], is_open: bool) -> Change:
        """What the values of consecutive windows do to an alert."""
        if is_open:
            return "close" if all(map(self.within, values)) else None
        return "open" if all(map(self.beyond, values)) else None


def labels_complete(window: ModelMetrics, present: datetime, share: float = COMPLETE_SHARE) -> bool:
    """Whether so many of a window's orders have arrived that its quality can be judged."""
    if window.rows_with_actual < MIN_ACTUALS:
        return False
    age = present - window.window_end
    enough = window.rows_with_actual >= share * window.rows
    return age >= LABELS_COMPLETE_AT_LAST or (age >= LABELS_COMPLETE and enough)


def _correlation(window: ModelMetrics) -> float | None:
    """Strength of the link between inputs and prediction; a prediction that never changes has none."""
    return None if window.prediction_drift is None else window.prediction_corr_with_features or 0.0


def _mae_ratio(window: ModelMetrics) -> float | None:
    return window.mae / window.baseline_mae if window.mae is not None and window.baseline_mae else None


WINDOW_RULES = (
    WindowRule(
        name="input-drift",
        severity="warning",
        value=lambda window: window.num_drifted_columns,
        opens=0.5,  # any column
        closes=0.5,
        message="{value:.0f} of 3 input columns differ from the training data",
    ),
    WindowRule(
        name="prediction-drift",
        severity="warning",
        value=lambda window: window.prediction_drift,
        opens=0.6,
        closes=0.4,
        message="predictions lie {value:.2f} standard deviations from the training data's (limit {limit})",
    ),
    WindowRule(
        name="predictions-frozen",
        severity="critical",
        value=_correlation,
        worse="below",
        opens=0.02,
        closes=0.05,
        message="predictions no longer follow the inputs: correlation {value:.3f} (limit {limit})",
    ),
    WindowRule(
        name="missing-values",
        severity="warning",
        value=lambda window: window.share_missing_values,
        opens=0.05,
        closes=0.02,
        message="{value:.1%} of the values are missing (limit {limit:.0%})",
    ),
    WindowRule(
        name="out-of-range",
        severity="warning",
        value=lambda window: window.value_range_share_in_range,
        worse="below",
        opens=0.90,
        closes=0.95,
        message="{value:.1%} of the predictions lie in the training data's range (limit {limit:.0%})",
    ),
    WindowRule(
        name="worse-than-baseline",
        severity="critical",
        value=_mae_ratio,
        opens=1.0,
        closes=0.95,
        message="the mean absolute error is {value:.2f} of a constant forecast's (limit {limit})",
        needs_labels=True,
        retrains=True,
    ),
    WindowRule(
        name="low-coverage",
        severity="critical",
        value=lambda window: window.interval_coverage,
        worse="below",
        opens=0.80,
        closes=0.83,
        message="the 90 % intervals hold {value:.1%} of the deliveries (limit {limit:.0%})",
        needs_labels=True,
        retrains=True,
    ),
)

"""When a model needs a look: rules over consecutive live windows, with hysteresis.

A rule opens when its value is beyond `opens` in so many windows in a row, and closes when it is back within `closes`
in as many. Between the two it stays as it is, so a value that wobbles around one limit raises one alert.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from common.database.tables import ModelMetrics

SETTLING = timedelta(days=14)
SETTLED_SHARE = 0.8
SETTLED_AT_LAST = timedelta(days=45)
"""Early labels are the fast deliveries: on them a good model looks bad. A window is judged SETTLING after its end once
this share of its orders has arrived, or SETTLED_AT_LAST after it where many rows are mere questions without an order.
Ages are counted back from the newest window."""

MIN_ACTUALS = 50

Value = Callable[[ModelMetrics], float | None]


@dataclass(frozen=True)
class Rule:
    """What is watched and when it opens. `message` is formatted with value and limit."""

    name: str
    severity: Literal["warning", "critical"]
    value: Value
    worse: Literal["above", "below"]
    opens: float
    closes: float
    message: str
    windows: int = 2
    settled: bool = False
    retrains: bool = False

    def beyond(self, value: float) -> bool:
        """Whether the value is bad enough to open."""
        return value > self.opens if self.worse == "above" else value < self.opens

    def within(self, value: float) -> bool:
        """Whether the value is good enough to close."""
        return value <= self.closes if self.worse == "above" else value >= self.closes


@dataclass(frozen=True)
class Verdict:
    """What a rule says now: the newest value it could judge and what should happen to its alert."""

    change: Literal["open", "close", None]
    value: float | None = None
    window_end: datetime | None = None


def judge(rule: Rule, windows: Sequence[ModelMetrics], is_open: bool) -> Verdict:
    """Apply a rule to one version's windows, oldest first; windows that cannot tell are passed over."""
    newest = windows[-1].window_end if windows else None
    telling = [
        (value, window.window_end)
        for window in windows
        if not rule.settled or _settled(window, newest)
        if (value := rule.value(window)) is not None
    ]
    if len(telling) < rule.windows:
        return Verdict(None)
    recent = [value for value, _ in telling[-rule.windows :]]
    value, window_end = telling[-1]
    if is_open:
        return Verdict("close" if all(map(rule.within, recent)) else None, value, window_end)
    return Verdict("open" if all(map(rule.beyond, recent)) else None, value, window_end)


def _settled(window: ModelMetrics, newest: datetime | None) -> bool:
    if newest is None or window.rows_with_actual < MIN_ACTUALS:
        return False
    age = newest - window.window_end
    return age >= SETTLED_AT_LAST or (age >= SETTLING and window.rows_with_actual >= SETTLED_SHARE * window.rows)


def _drifted_columns(window: ModelMetrics) -> float | None:
    return window.num_drifted_columns


def _correlation(window: ModelMetrics) -> float | None:
    """Strength of the link between inputs and prediction; a prediction that never changes has none."""
    if window.prediction_drift is None:
        return None
    return window.prediction_corr_with_features or 0.0


def _mae_ratio(window: ModelMetrics) -> float | None:
    return window.mae / window.baseline_mae if window.mae is not None and window.baseline_mae else None


RULES = (
    Rule(
        name="input-drift",
        severity="warning",
        value=_drifted_columns,
        worse="above",
        opens=0,
        closes=0,
        message="{value:.0f} of 3 input columns differ from the training data",
    ),
    Rule(
        name="prediction-drift",
        severity="warning",
        value=lambda window: window.prediction_drift,
        worse="above",
        opens=0.6,
        closes=0.4,
        message="predictions lie {value:.2f} standard deviations from the training data's (limit {limit})",
    ),
    Rule(
        name="predictions-frozen",
        severity="critical",
        value=_correlation,
        worse="below",
        opens=0.02,
        closes=0.05,
        message="predictions no longer follow the inputs: correlation {value:.3f} (limit {limit})",
    ),
    Rule(
        name="missing-values",
        severity="warning",
        value=lambda window: window.share_missing_values,
        worse="above",
        opens=0.05,
        closes=0.02,
        message="{value:.1%} of the values are missing (limit {limit:.0%})",
    ),
    Rule(
        name="out-of-range",
        severity="warning",
        value=lambda window: window.value_range_share_in_range,
        worse="below",
        opens=0.90,
        closes=0.95,
        message="{value:.1%} of the predictions lie in the training data's range (limit {limit:.0%})",
    ),
    Rule(
        name="worse-than-baseline",
        severity="critical",
        value=_mae_ratio,
        worse="above",
        opens=1.0,
        closes=0.95,
        message="the mean absolute error is {value:.2f} of a constant forecast's (limit {limit})",
        settled=True,
        retrains=True,
    ),
    Rule(
        name="low-coverage",
        severity="critical",
        value=lambda window: window.interval_coverage,
        worse="below",
        opens=0.80,
        closes=0.83,
        message="the 90 % intervals hold {value:.1%} of the deliveries (limit {limit:.0%})",
        settled=True,
        retrains=True,
    ),
)

"""Promises that are kept less often than their on-time share says, by more than chance allows."""

import math

from common.database.tables import ModelMetrics
from monitor.alerts.window_rules import MIN_ACTUALS, WindowRule


def shortfall(window: ModelMetrics) -> float | None:
    """By how many standard errors the share of kept promises lies below what it should be: that of the worst share."""
    found = []
    for text, counted in (window.promises or {}).items():
        share, promises = float(text), counted["promises"]
        if promises >= MIN_ACTUALS:
            error = math.sqrt(share * (1 - share) / promises)
            found.append((share - counted["kept"] / promises) / error)
    return max(found, default=None)


KEPT_PROMISES = WindowRule(
    name="promises-missed",
    severity="warning",
    value=shortfall,
    opens=3.0,  # in two windows in a row: chance alone does it once in half a million
    closes=2.0,
    message="promises are kept less often than they say, by {value:.1f} standard errors (limit {limit:g})",
    needs_labels=True,
)

"""Promises that are kept less often than their on-time share says, by more than chance allows."""

import math

from common.database.tables import ModelMetrics
from monitor.alerts.window_rules import MIN_ACTUALS, WindowRule

NOTICED = 0.02
"""By how much a share must be missed at least: of very many orders, chance leaves no room at all."""

NEARLY_ALL = 0.97
"""Of a window's orders must have arrived. The missing ones are those whose promises are broken: of Olist's promises at
0.9 some 0.96 seem kept once 0.8 of a week's orders have arrived, 0.92 at 0.97, and 0.9 in the end."""


def shortfall(window: ModelMetrics) -> float | None:
    """By how many standard errors the share of kept promises lies below what it should be: that of the worst share.

    A miss by less than NOTICED is none.
    """
    found = []
    for text, counted in (window.promises or {}).items():
        share, promises = float(text), counted["promises"]
        if promises >= MIN_ACTUALS:
            error = math.sqrt(share * (1 - share) / promises)
            missed = share - counted["kept"] / promises
            found.append(missed / error if missed > NOTICED else min(missed, 0.0) / error)
    return max(found, default=None)


KEPT_PROMISES = WindowRule(
    name="promises-missed",
    severity="warning",
    value=shortfall,
    opens=3.0,  # in two windows in a row: chance alone does it once in half a million
    closes=2.0,
    message="promises are kept less often than they say, by {value:.1f} standard errors (limit {limit:g})",
    needs_labels=True,
    complete_share=NEARLY_ALL,
)

"""Promises that were given, and how many of them were kept."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from common.arrays import Floats
from common.model.uncertainty.residuals import UPPER
from common.orders.logged import PROMISES
from monitor.windows.watched import WindowRows

SHARES = (0.5, 0.75, 0.8, 0.9)
"""On-time shares that are looked at in the past, beside UPPER, which every answer holds."""


def promised_in(further: Sequence[Mapping[str, Any] | None]) -> dict[float, Floats]:
    """Days of the promises of n rows of the log, by on-time share."""
    promised: dict[float, Floats] = {}
    for row, kept in enumerate(further):
        for share, days in (kept or {}).get(PROMISES, ()):
            promised.setdefault(share, np.full(len(further), np.nan))[row] = days
    return promised


def kept_promises(rows: WindowRows) -> dict[str, dict[str, int]]:
    """By on-time share: `promises` given to orders that have arrived, and `kept`. The interval's upper end is one."""
    actual, upper = (rows.days[name].to_numpy(np.float64) for name in ("actual_days", "upper_days"))
    return kept_within(actual, {UPPER: upper, **rows.promised})


def kept_within(actual: Floats, promised: Mapping[float, Floats]) -> dict[str, dict[str, int]]:
    """The same of n orders. actual: days, NaN of what has not arrived. promised: days by on-time share, NaN without."""
    counted = {}
    for share, days in sorted(promised.items()):
        known = np.isfinite(actual) & np.isfinite(days)
        if known.any():
            counted[f"{share:g}"] = {"promises": int(known.sum()), "kept": int((actual <= days)[known].sum())}
    return counted

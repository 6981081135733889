"""How far deliveries lie from the forecast: the conformal part of intervals and promises.

A standardised residual is (log days - log forecast) / spread. Its distribution comes from recent orders that the model
has not learned from. Orders still under way are censored (Kaplan-Meier), and the share that never arrives is removed
(cure model): slow orders count, lost ones do not. Conformal prediction with censoring: Candes, Lei & Ren (2023); cure
models: Boag (1949).
"""

from dataclasses import dataclass

import numpy as np

from common.arrays import Bools, Floats
from common.model.pace import survival

SHARES = np.round(np.concatenate([[0.01, 0.025], np.arange(0.05, 0.96, 0.05), [0.975, 0.99]]), 3)
"""The quantiles that a bundle keeps; those between them are interpolated."""

LOWER, UPPER = 0.05, 0.95
"""Bounds of the 90 % interval."""


@dataclass(frozen=True, slots=True)
class Residuals:
    """Quantiles of the standardised residuals: float64 of shape (len(SHARES),), ascending."""

    quantiles: Floats

    def at(self, share: float) -> float:
        """The residual that a share (0..1) of deliveries stays below; beyond the kept shares, the outermost one."""
        return float(np.interp(share, SHARES, self.quantiles))


def residuals(standardised: Floats, known: Bools, never: float) -> Residuals:
    """Quantiles of n residuals; `known` is False where the order is under way, so that its residual is a lower bound.

    never: share of orders that never arrive.
    """
    order = np.argsort(standardised, kind="stable")
    arrived = 1 - survival(known[order])
    at = np.searchsorted(arrived, SHARES * (1 - never))
    return Residuals(standardised[order][np.minimum(at, len(order) - 1)])

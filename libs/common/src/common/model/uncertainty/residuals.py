"""How far deliveries lie from the forecast: the one distribution behind intervals, promises and probabilities.

A standardised residual is (log days - log forecast) / spread. Its distribution comes from recent orders that the model
has not learned from. Orders still under way are censored (Kaplan-Meier), and the share that never arrives is removed
(cure model): slow orders count, lost ones do not. Conformal prediction with censoring: Candes, Lei & Ren (2023); by
group: Vovk (2012), Mondrian predictors; cure models: Boag (1949).
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.arrays import Bools, Floats
from common.model.pace import survival

SHARES = np.round(np.concatenate([[0.01, 0.025], np.arange(0.05, 0.96, 0.05), [0.975, 0.99]]), 3)
"""The quantiles that a bundle keeps; those between them are interpolated."""

LOWER, UPPER = 0.05, 0.95
"""Bounds of the 90 % interval."""

TAIL = 0.01 * 10.0 ** -np.arange(1, 5)
"""Shares beyond the kept ones, where the residuals are taken to be exponential: down to one order in a million."""

KNOTS = np.concatenate([TAIL[::-1], SHARES, 1 - TAIL])
LEFT_AT_END = float(1 - KNOTS[-1])

LEAST_STEP = 1e-4
"""Between two quantiles: what is strictly ascending has an inverse."""


@dataclass(frozen=True, slots=True)
class Residuals:
    """Quantiles of the standardised residuals, float64 (groups, len(KNOTS)), strictly ascending in each group."""

    knots: Floats

    @classmethod
    def of(cls, quantiles: Floats | Sequence[Sequence[float]] | Sequence[float]) -> "Residuals":
        """From the quantiles at SHARES, (groups, len(SHARES)), or (len(SHARES),) of a single group."""
        kept = np.atleast_2d(np.asarray(quantiles, dtype=np.float64))
        steps = LEAST_STEP * np.arange(kept.shape[1])
        kept = np.maximum.accumulate(kept - steps, axis=1) + steps
        per_e = np.log(SHARES[1] / SHARES[0])
        below, above = (kept[:, 1] - kept[:, 0]) / per_e, (kept[:, -1] - kept[:, -2]) / per_e
        far = np.log(SHARES[0] / TAIL)
        lower, upper = kept[:, :1] - far * below[:, None], kept[:, -1:] + far * above[:, None]
        return cls(np.concatenate([lower[:, ::-1], kept, upper], axis=1))

    def beside(self, others: "Residuals") -> "Residuals":
        """The groups of both, those of the others behind these."""
        return Residuals(np.concatenate([self.knots, others.knots]))

    @property
    def quantiles(self) -> Floats:
        """Those at SHARES, (groups, len(SHARES))."""
        return self.knots[:, len(TAIL) : -len(TAIL)]

    def group(self, pace_group: NDArray[np.integer], same_region: Bools) -> NDArray[np.intp]:
        """The groups of n orders; pace_group: of their destinations, see `common.orders.regions.Regions.group`."""
        if len(self.knots) == 1:
            return np.zeros(len(pace_group), dtype=np.intp)
        return 2 * pace_group.astype(np.intp) + same_region

    def curve(self, pace_group: int, same_region: bool) -> "Curve":
        """The distribution of one order's group."""
        return Curve(self.knots[0 if len(self.knots) == 1 else 2 * pace_group + same_region].tolist())

    def at(self, share: float | Floats, group: NDArray[np.intp]) -> Floats:
        """The residuals that a share (0..1) of deliveries stays below, for n orders; one share for all, or one each."""
        if isinstance(share, float):
            return np.array([np.interp(share, KNOTS, knots) for knots in self.knots])[group]
        return self._by_group(group, share, lambda shares, knots: np.interp(shares, KNOTS, knots))

    def at_left(self, left: Floats, group: NDArray[np.intp]) -> Floats:
        """The residuals at which shares (0..1, (n,)) of deliveries are left; beyond the knots, exponential on."""
        residual = self._by_group(group, 1 - left, lambda shares, knots: np.interp(shares, KNOTS, knots))
        beyond = np.log(LEFT_AT_END / np.maximum(left, np.finfo(np.float64).tiny))
        return residual + np.maximum(beyond, 0) * self._per_e[group]

    def left(self, residual: Floats, group: NDArray[np.intp]) -> Floats:
        """The shares of deliveries that are left at n residuals: the inverse of `at_left`."""
        beyond = (residual - self.knots[group, -1]) / self._per_e[group]
        return (1 - self.below(residual, group)) * np.exp(-np.maximum(beyond, 0))

    @property
    def _per_e(self) -> Floats:
        """By how much the residual grows while the share that is left falls by a factor of e, at the end."""
        step: Floats = (self.knots[:, -1] - self.knots[:, -2]) / np.log(TAIL[-2] / TAIL[-1])
        return step

    def below(self, residual: Floats, group: NDArray[np.intp]) -> Floats:
        """The shares of deliveries that stay below n residuals: the inverse of `at`."""
        return self._by_group(group, residual, lambda residuals, knots: np.interp(residuals, knots, KNOTS))

    def _by_group(
        self, group: NDArray[np.intp], values: Floats, interpolated: Callable[[Floats, Floats], Floats]
    ) -> Floats:
        if len(self.knots) == 1:
            return interpolated(values, self.knots[0])
        found = np.empty(len(values))
        for number in np.flatnonzero(np.bincount(group, minlength=len(self.knots))).tolist():
            chosen = group == number
            found[chosen] = interpolated(values[chosen], self.knots[number])
        return found


@dataclass(frozen=True, slots=True)
class Curve:
    """The same distribution for one order, in plain floats: an array of length 1 costs ten times as much."""

    knots: list[float]

    def at(self, share: float) -> float:
        """The residual that a share (0..1) of deliveries stays below."""
        return _interpolated(share, _KNOTS, self.knots)

    def below(self, residual: float) -> float:
        """The share of deliveries that stays below a residual: the inverse of `at`."""
        return _interpolated(residual, self.knots, _KNOTS)


_KNOTS: list[float] = KNOTS.tolist()


def _interpolated(value: float, knots: list[float], values: list[float]) -> float:
    after = bisect_right(knots, value)
    if after == 0 or after == len(knots):
        return values[0 if after == 0 else -1]
    start, end = knots[after - 1], knots[after]
    return values[after - 1] + (value - start) / (end - start) * (values[after] - values[after - 1])


def quantiles_of(standardised: Floats, known: Bools, never: float) -> Floats:
    """Quantiles at SHARES of n residuals; `known` is False where the order is under way, so that its residual is a
    lower bound.

    never: share of orders that never arrive.
    """
    order = np.argsort(standardised, kind="stable")
    arrived = 1 - survival(known[order])
    at = np.searchsorted(arrived, SHARES * (1 - never))
    return standardised[order][np.minimum(at, len(order) - 1)]

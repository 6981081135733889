"""Quantiles of residuals: right without censoring, and fair to orders still under way."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.model.uncertainty.residuals import SHARES, Curve, Residuals, quantiles_of

QUANTILES = np.sort(np.random.default_rng(3).normal(size=(4, len(SHARES))), axis=1)
QUANTILES[2] = 1.5
TWO_GROUPS = Residuals.of(QUANTILES)
"""Of the delivery pace; the orders of the second that cross regions all take equally long."""


def fitted_to(standardised: np.ndarray, known: np.ndarray, never: float) -> Curve:
    return Residuals.of(quantiles_of(standardised, known, never)).curve(0, False)


def test_the_interval_of_known_residuals_covers_its_share() -> None:
    drawn = np.random.default_rng(0).normal(size=20_000)
    fitted = fitted_to(drawn, np.ones(len(drawn), dtype=bool), never=0.0)
    covered = (drawn >= fitted.at(0.05)) & (drawn <= fitted.at(0.95))
    assert covered.mean() == pytest.approx(0.9, abs=0.002)


def test_orders_under_way_count_as_at_least_so_late() -> None:
    rng = np.random.default_rng(0)
    drawn, seen_until = rng.normal(size=20_000), rng.uniform(-1, 4, 20_000)
    known = drawn <= seen_until
    fitted = fitted_to(np.minimum(drawn, seen_until), known, never=0.0)
    assert fitted.at(0.95) == pytest.approx(1.645, abs=0.1)
    assert np.quantile(drawn[known], 0.95) < 1.4


def test_orders_that_never_arrive_do_not_stretch_the_interval() -> None:
    rng = np.random.default_rng(0)
    drawn = rng.normal(size=20_000)
    lost = rng.random(len(drawn)) < 0.04
    fitted = fitted_to(np.where(lost, 6.0, drawn), ~lost, never=0.04)
    assert fitted.at(0.95) == pytest.approx(1.645, abs=0.1)


def test_quantiles_never_cross() -> None:
    drawn = np.random.default_rng(1).standard_t(2, size=500)
    fitted = fitted_to(drawn, np.random.default_rng(2).random(500) < 0.7, never=0.02)
    assert (np.diff(fitted.knots) > 0).all()


@given(st.floats(0.0001, 0.9999), st.integers(0, 1), st.booleans())
def test_shares_and_residuals_are_each_others_inverse(share: float, group: int, same: bool) -> None:
    curve = TWO_GROUPS.curve(group, same)
    assert curve.below(curve.at(share)) == pytest.approx(share, abs=1e-9)


@given(st.lists(st.floats(1e-7, 1 - 1e-7), min_size=2, max_size=30))
def test_a_group_is_alike_for_one_order_and_for_many(shares: list[float]) -> None:
    pace_group, same = np.array([0, 0, 1, 1], dtype=np.int8), np.array([False, True, False, True])
    group = TWO_GROUPS.group(pace_group, same)
    curves = [TWO_GROUPS.curve(*each) for each in zip(pace_group.tolist(), same.tolist(), strict=True)]
    for share in shares:
        residuals = TWO_GROUPS.at(share, group)
        assert residuals == pytest.approx([curve.at(share) for curve in curves], abs=1e-12)
        assert TWO_GROUPS.below(residuals, group) == pytest.approx(
            [curve.below(residual) for curve, residual in zip(curves, residuals.tolist(), strict=True)], abs=1e-9
        )


def test_beyond_the_kept_quantiles_more_certainty_takes_more_days() -> None:
    curve = fitted_to(np.random.default_rng(0).normal(size=2_000), np.ones(2_000, dtype=bool), never=0.0)
    shares = [0.9, 0.99, 0.995, 0.999, 0.9999]
    assert np.diff([curve.at(share) for share in shares]).min() > 0.1
    assert curve.below(1e9) < 1


def test_a_single_distribution_serves_every_group() -> None:
    single = Residuals.of(np.linspace(-2, 2, len(SHARES)))
    assert single.curve(7, True) == single.curve(0, False)
    assert single.at(0.5, single.group(np.array([0, 7]), np.array([True, False]))).tolist() == [0.0, 0.0]

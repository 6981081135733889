"""Quantiles of residuals: right without censoring, and fair to orders still under way."""

import numpy as np
import pytest

from common.model.residuals import residuals


def test_the_interval_of_known_residuals_covers_its_share() -> None:
    drawn = np.random.default_rng(0).normal(size=20_000)
    fitted = residuals(drawn, np.ones(len(drawn), dtype=bool), never=0.0)
    covered = (drawn >= fitted.at(0.05)) & (drawn <= fitted.at(0.95))
    assert covered.mean() == pytest.approx(0.9, abs=0.002)


def test_orders_under_way_count_as_at_least_so_late() -> None:
    rng = np.random.default_rng(0)
    drawn, seen_until = rng.normal(size=20_000), rng.uniform(-1, 4, 20_000)
    known = drawn <= seen_until
    fitted = residuals(np.minimum(drawn, seen_until), known, never=0.0)
    assert fitted.at(0.95) == pytest.approx(1.645, abs=0.1)
    assert np.quantile(drawn[known], 0.95) < 1.4


def test_orders_that_never_arrive_do_not_stretch_the_interval() -> None:
    rng = np.random.default_rng(0)
    drawn = rng.normal(size=20_000)
    lost = rng.random(len(drawn)) < 0.04
    fitted = residuals(np.where(lost, 6.0, drawn), ~lost, never=0.04)
    assert fitted.at(0.95) == pytest.approx(1.645, abs=0.1)


def test_quantiles_never_cross() -> None:
    drawn = np.random.default_rng(1).standard_t(2, size=500)
    fitted = residuals(drawn, np.random.default_rng(2).random(500) < 0.7, never=0.02)
    assert (np.diff(fitted.quantiles) >= 0).all()

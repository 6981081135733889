"""The metrics that trainer and monitor share."""

import numpy as np
import pytest

from common.model.quality import bias, coverage, mae, rmse, width

ACTUAL, PREDICTED = np.array([2.0, 4.0, 9.0]), np.array([3.0, 4.0, 5.0])
LOWER, UPPER = np.array([2.0, 5.0, 1.0]), np.array([4.0, 6.0, 9.0])


def test_errors_are_in_days() -> None:
    assert mae(ACTUAL, PREDICTED) == pytest.approx(5 / 3)
    assert rmse(ACTUAL, PREDICTED) == pytest.approx(np.sqrt(17 / 3))


def test_the_bias_is_positive_where_deliveries_come_sooner_than_predicted() -> None:
    assert bias(ACTUAL, PREDICTED) == -1
    assert bias(PREDICTED, ACTUAL) == 1


def test_an_actual_on_a_bound_is_covered() -> None:
    assert coverage(ACTUAL, LOWER, UPPER) == pytest.approx(2 / 3)
    assert width(LOWER, UPPER) == pytest.approx(11 / 3)

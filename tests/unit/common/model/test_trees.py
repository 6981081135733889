"""The numpy trees answer what CatBoost answers."""

import json
from pathlib import Path

import numpy as np
import pytest
from catboost import CatBoostRegressor
from numpy.typing import NDArray

from common.model.trees import ObliviousTrees

FEATURES = 6
EXTREMES = np.array([0.0, -0.0, np.nan, np.inf, -np.inf, 3.4e38, -3.4e38, 1e-45], dtype=np.float32)


def columns(rows: int, seed: int) -> NDArray[np.float32]:
    """Model columns with a tenth missing."""
    rng = np.random.default_rng(seed)
    drawn = rng.normal(size=(rows, FEATURES)).astype(np.float32)
    drawn[rng.random(drawn.shape) < 0.1] = np.nan
    return drawn


def fitted(folder: Path, **parameters: object) -> tuple[CatBoostRegressor, ObliviousTrees]:
    """A CatBoost model and the trees of its export."""
    known = columns(2_000, seed=1)
    target = np.nan_to_num(known).sum(axis=1) ** 2
    model = CatBoostRegressor(iterations=30, allow_writing_files=False, verbose=False, thread_count=1, **parameters)
    model.fit(known, target)
    model.save_model(str(folder / "model.json"), format="json")
    return model, ObliviousTrees.from_json(json.loads((folder / "model.json").read_bytes()))


@pytest.mark.parametrize("depth", [1, 6, 8])
@pytest.mark.parametrize("loss", ["MultiQuantile:alpha=0.05,0.5,0.95", "RMSE"])
def test_thousands_of_rows_get_catboosts_answers(tmp_path: Path, depth: int, loss: str) -> None:
    model, trees = fitted(tmp_path, depth=depth, loss_function=loss)
    rows = columns(5_000, seed=2)
    expected = model.predict(rows).reshape(len(rows), -1)
    np.testing.assert_allclose(trees.predict(rows), expected, atol=1e-9)
    np.testing.assert_allclose([trees.predict_row(row) for row in rows], expected, atol=1e-9)


def test_extreme_values_get_catboosts_answers(tmp_path: Path) -> None:
    model, trees = fitted(tmp_path, depth=6, loss_function="RMSE")
    rows = np.random.default_rng(3).choice(EXTREMES, size=(2_000, FEATURES))
    np.testing.assert_allclose(trees.predict(rows)[:, 0], model.predict(rows), atol=1e-9)


def test_a_row_alone_and_in_company_gets_one_answer(tmp_path: Path) -> None:
    _, trees = fitted(tmp_path, depth=6, loss_function="RMSE")
    rows = columns(3_000, seed=4)
    together = trees.predict(rows)
    np.testing.assert_array_equal(together[:10], trees.predict(rows[:10]))
    np.testing.assert_allclose([trees.predict_row(row) for row in rows[:200]], together[:200], atol=1e-12)

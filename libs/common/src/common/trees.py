"""CatBoost's oblivious trees from the model's JSON export, evaluated with numpy.

An oblivious tree asks one question per level, the same for every node of the level, so the answers are the bits of
the leaf's index. A single row costs microseconds this way, where `CatBoost.predict` costs half a millisecond of calls.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROWS_AT_ONCE = 2048
"""Rows per block of `predict`: bounds its memory and keeps a block's leaf indexes in cache."""


@dataclass(frozen=True, slots=True)
class ObliviousTrees:
    """T trees of depth D with K outputs.

    feature: int (T, D). border: float32 (T, D), +inf pads trees that are shallower than D.
    leaves: float64 (T * 2**D, K). bias: float64 (K,).
    """

    feature: NDArray[np.intp]
    border: NDArray[np.float32]
    leaves: NDArray[np.float64]
    bias: NDArray[np.float64]

    @classmethod
    def from_json(cls, model: dict[str, Any]) -> "ObliviousTrees":
        """Read CatBoost's `save_model(format="json")`; every feature must be numeric."""
        trees = model["oblivious_trees"]
        scale, bias = model["scale_and_bias"]
        outputs = len(bias)
        depth = max(len(tree["splits"]) for tree in trees)
        feature = np.zeros((len(trees), depth), dtype=np.intp)
        border = np.full((len(trees), depth), np.inf, dtype=np.float32)
        leaves = np.zeros((len(trees), 2**depth, outputs))
        for number, tree in enumerate(trees):
            for level, split in enumerate(tree["splits"]):
                feature[number, level] = split["float_feature_index"]
                border[number, level] = split["border"]
            values = np.asarray(tree["leaf_values"], dtype=np.float64).reshape(-1, outputs)
            leaves[number, : len(values)] = values * scale
        return cls(feature, border, leaves.reshape(-1, outputs), np.asarray(bias, dtype=np.float64))

    def predict(self, columns: NDArray[np.float32]) -> NDArray[np.float64]:
        """Raw model outputs, (n, K), for model columns (n, features). NaN answers every question with no."""
        result = np.empty((len(columns), len(self.bias)))
        for start in range(0, len(columns), ROWS_AT_ONCE):
            block = slice(start, start + ROWS_AT_ONCE)
            result[block] = self._block(columns[block])
        return result

    def predict_row(self, row: NDArray[np.float32]) -> NDArray[np.float64]:
        """The same for one row, (features,) to (K,)."""
        trees, depth = self.feature.shape
        leaf = (row[self.feature] > self.border) @ (1 << np.arange(depth))
        leaf += np.arange(trees) << depth
        return self.leaves[leaf].sum(axis=0) + self.bias

    def _block(self, columns: NDArray[np.float32]) -> NDArray[np.float64]:
        trees, depth = self.feature.shape
        leaf = np.tile(np.arange(trees) << depth, (len(columns), 1))
        for level in range(depth):
            leaf |= (columns[:, self.feature[:, level]] > self.border[:, level]).astype(leaf.dtype) << level
        return self.leaves[leaf].sum(axis=1) + self.bias

"""CatBoost's oblivious trees from the model's JSON export, evaluated with numpy.

An oblivious tree asks one question per level, the same for every node of the level, so the answers are the bits of
the leaf's index. A single row takes microseconds this way; `CatBoost.predict` takes half a millisecond of overhead.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.arrays import Floats

ROWS_AT_ONCE = 2048
"""Rows per block of `predict`: bounds memory and keeps a block's leaf indexes in the cache."""

LEVELS = 8
"""Every tree is padded to this depth, so that its answers fill one byte."""


@dataclass(frozen=True, slots=True)
class ObliviousTrees:
    """T trees of depth D <= LEVELS with K outputs.

    feature: int (T, LEVELS). border: float32 (T, LEVELS), +inf pads shallower trees. first_leaf: int (T,).
    leaves: float64 (T * 2**D, K). bias: float64 (K,).
    """

    feature: NDArray[np.intp]
    border: NDArray[np.float32]
    first_leaf: NDArray[np.intp]
    leaves: Floats
    bias: Floats
    _ones: Floats = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Ones for every tree: a sum along axis 0 takes three times as long as a product with them."""
        object.__setattr__(self, "_ones", np.ones(len(self.feature)))

    @classmethod
    def from_json(cls, model: dict[str, Any]) -> "ObliviousTrees":
        """Read CatBoost's `save_model(format="json")`; every feature must be numeric, no tree deeper than LEVELS."""
        trees = model["oblivious_trees"]
        scale, bias = model["scale_and_bias"]
        outputs = len(bias)
        depth = max(len(tree["splits"] or ()) for tree in trees)
        if depth > LEVELS:
            raise ValueError(f"a tree is {depth} levels deep, this code walks at most {LEVELS}")
        feature = np.zeros((len(trees), LEVELS), dtype=np.intp)
        border = np.full((len(trees), LEVELS), np.inf, dtype=np.float32)
        leaves = np.zeros((len(trees), 2**depth, outputs))
        for number, tree in enumerate(trees):
            for level, split in enumerate(tree["splits"] or ()):
                feature[number, level] = split["float_feature_index"]
                border[number, level] = split["border"]
            values = np.asarray(tree["leaf_values"], dtype=np.float64).reshape(-1, outputs)
            leaves[number, : len(values)] = values * scale
        first_leaf = np.arange(len(trees)) << depth
        return cls(feature, border, first_leaf, leaves.reshape(-1, outputs), np.asarray(bias, dtype=np.float64))

    @property
    def depth(self) -> int:
        """Questions that the deepest tree asks, D."""
        return (len(self.leaves) // len(self.feature)).bit_length() - 1

    def predict(self, columns: NDArray[np.float32]) -> Floats:
        """Raw model outputs, (n, K), for model columns (n, features). NaN answers every question with no."""
        result = np.empty((len(columns), len(self.bias)))
        for start in range(0, len(columns), ROWS_AT_ONCE):
            block = slice(start, start + ROWS_AT_ONCE)
            result[block] = self._block(columns[block])
        return result

    def predict_row(self, row: NDArray[np.float32]) -> Floats:
        """The same for one row, (features,) to (K,)."""
        answers = row.take(self.feature) > self.border
        leaf = np.packbits(answers.ravel(), bitorder="little") + self.first_leaf
        return self._ones @ self.leaves.take(leaf, axis=0) + self.bias

    def _block(self, columns: NDArray[np.float32]) -> Floats:
        by_feature = np.ascontiguousarray(columns.T)
        leaf = np.zeros((len(self.feature), len(columns)), dtype=np.uint8)
        for level in range(self.depth):
            answers = by_feature.take(self.feature[:, level], axis=0) > self.border[:, level, None]
            leaf |= answers.view(np.uint8) << level
        result = np.zeros((len(columns), len(self.bias)))
        for tree, leaves in enumerate(self.leaves.reshape(len(leaf), 2**self.depth, -1)):
            result += leaves.take(leaf[tree], axis=0)
        return result + self.bias

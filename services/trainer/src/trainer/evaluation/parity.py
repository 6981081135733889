"""Do the two ways to predict agree: single rows through numpy trees, bulk through CatBoost?"""

from collections.abc import Callable

import numpy as np
from catboost import CatBoost
from numpy.typing import NDArray

from common.arrays import Floats
from common.model.bundle import Bundle
from common.model.predictor import Predictor
from trainer.data.history import History

TOLERANCE_DAYS = 1e-6
ROWS = 2_000


def parity(bundle: Bundle, judged: History) -> float:
    """Largest difference in days between the single-row path and CatBoost, over up to ROWS judged orders."""
    model = CatBoost()
    model.load_model(str(bundle.catboost))
    bulk: Callable[[NDArray[np.float32]], Floats] = model.predict
    sample = judged.where(np.arange(len(judged)) < ROWS).orders
    expected = Predictor(bundle, raw=bulk).predict(sample)
    single = Predictor(bundle)
    singles = [single.predict_one(order, purchase) for order, purchase in sample.each()]
    differences = [
        np.abs(np.array([getattr(one, name) for one in singles]) - getattr(expected, name)).max()
        for name in ("days", "lower_days", "upper_days")
    ]
    return float(max(differences))

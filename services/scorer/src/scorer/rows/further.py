"""The further columns of a result: promises, dates, and how far each answer is to be trusted."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from common.batch.further import Further
from common.model.predictor import Predictions, Predictor
from common.model.uncertainty.confidence import CONFIDENCE
from common.orders.orders import Orders

FLOATS, DATES, FLAGS, TEXTS = pa.float64(), pa.date32(), pa.bool_(), pa.string()


def types_of(further: Further) -> list[pa.DataType]:
    """The types of the columns, in their order."""
    return [FLOATS] * len(further.on_time_shares) + (
        [DATES, DATES, DATES, FLAGS, TEXTS, TEXTS] if further.details else []
    )


def columns_of(
    further: Further, predictor: Predictor, orders: Orders, predicted: Predictions, good: np.ndarray
) -> Iterator[pa.Array]:
    """The columns of the good rows' orders, null in the others."""
    if not further.columns:
        return iter(())
    index = pa.array(np.cumsum(good) - 1, mask=~good)
    return (column.take(index) for column in _of_good(further, predictor, orders, predicted))


def _of_good(further: Further, predictor: Predictor, orders: Orders, predicted: Predictions) -> Iterator[pa.Array]:
    for share in further.on_time_shares:
        yield pa.array(np.round(predicted.distribution.days_at(share), predictor.decimals))
    if further.details:
        for days in (predicted.days, predicted.lower_days, predicted.upper_days):
            yield pa.array(predictor.clock.dates(orders.purchase_timestamp, days), DATES)
        yield pa.array(predicted.seller_known)
        doubts = pa.array(predicted.doubts())
        for text in (lambda each: each["level"], lambda each: " ".join(each["reasons"])):
            yield _each(text).take(doubts)


def _each(text: Callable[[dict[str, Any]], str]) -> pa.Array:
    return pa.array([text(confidence) for confidence in CONFIDENCE], TEXTS)

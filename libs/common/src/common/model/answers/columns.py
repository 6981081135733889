"""The further columns of a result: promises, probabilities, dates, and how far each answer is to be trusted."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from common.arrays import Bools, Floats
from common.model.answers.further import PROBABILITY_DECIMALS, Further
from common.model.answers.wishes import Wishes
from common.model.predictor import Predictions, Predictor
from common.model.uncertainty.confidence import CONFIDENCE
from common.orders.names import DELIVER_BY, ON_TIME_SHARE
from common.orders.orders import Orders

FLOATS, DATES, FLAGS, TEXTS = pa.float64(), pa.date32(), pa.bool_(), pa.string()

GRANTED = {ON_TIME_SHARE: [FLOATS, DATES], DELIVER_BY: [FLOATS]}


def types_of(further: Further) -> list[pa.DataType]:
    """The types of the columns, in their order."""
    details = [DATES, DATES, DATES, FLAGS, TEXTS, TEXTS] if further.details else []
    granted = [kind for wish in further.wishes for kind in GRANTED[wish]]
    return [FLOATS] * len(further.on_time_shares) + details + granted


def columns_of(
    further: Further, predictor: Predictor, orders: Orders, predicted: Predictions, good: Bools, wishes: Wishes
) -> Iterator[pa.Array]:
    """The columns of the good rows' orders, null in the others. wishes: of the good rows."""
    if not further.columns:
        return iter(())
    index = pa.array(np.cumsum(good) - 1, mask=~good)
    return (column.take(index) for column in _of_good(further, predictor, orders, predicted, wishes))


def _of_good(
    further: Further, predictor: Predictor, orders: Orders, predicted: Predictions, wishes: Wishes
) -> Iterator[pa.Array]:
    bought, distribution = orders.purchase_timestamp, predicted.distribution
    for share in further.on_time_shares:
        yield pa.array(np.round(distribution.days_at(share), predictor.decimals))
    if further.details:
        for days in (predicted.days, predicted.lower_days, predicted.upper_days):
            yield pa.array(predictor.clock.dates(bought, days), DATES)
        yield pa.array(predicted.seller_known)
        doubts = pa.array(predicted.doubts())
        for text in (lambda each: each["level"], lambda each: " ".join(each["reasons"])):
            yield _each(text).take(doubts)
    if ON_TIME_SHARE in further.wishes:
        days = distribution.days_at(_or_none(wishes.shares, orders))
        yield pa.array(np.round(days, predictor.decimals), FLOATS, from_pandas=True)
        yield pa.array(predictor.clock.dates(bought, days), DATES)
    if DELIVER_BY in further.wishes:
        probabilities = distribution.probability_by(_or_none(wishes.by_days, orders))
        yield pa.array(np.round(probabilities, PROBABILITY_DECIMALS), FLOATS, from_pandas=True)


def _or_none(values: Floats | None, orders: Orders) -> Floats:
    return np.full(len(orders), np.nan) if values is None else values


def _each(text: Callable[[dict[str, Any]], str]) -> pa.Array:
    return pa.array([text(confidence) for confidence in CONFIDENCE], TEXTS)

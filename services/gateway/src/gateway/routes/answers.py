"""One answer, single or of many orders: its JSON for the client, its rows for the prediction log."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import numpy as np
import orjson

from common.model.answers.further import PROBABILITY
from common.model.predictor import Prediction, Predictions, Predictor
from common.model.uncertainty.confidence import CONFIDENCE
from common.orders.later import SAID_LATER
from common.orders.logged import KEPT_ELSEWHERE, PROMISES, further
from common.orders.names import WISHES
from common.servers.prediction_log import Row, predicted_columns, row_of, rows_of
from common.servers.registry import CHAMPION
from gateway.routes.prediction_bodies import Order
from gateway.routes.wishes import Promised, Wishes, probability_of, promises_of

NOT_REPEATED = frozenset({"order_id", "purchase_timestamp", "facts", *SAID_LATER, *WISHES})
"""Of the request; what says where an order comes from and goes to is repeated in its answer."""

THREE_IN_ORDER = ("seller_zip_code_prefix", "customer_lat", "customer_lng")
THREE = NOT_REPEATED | frozenset(THREE_IN_ORDER)
"""Most orders say no more: what they say need not be looked for."""


def repeated(order: Order) -> dict[str, Any]:
    """What an order said of its ends, in the order of its fields."""
    said = order.__pydantic_fields_set__
    values = order.__dict__
    if said <= THREE:
        return {name: values[name] for name in THREE_IN_ORDER}
    return {name: value for name, value in values.items() if value is not None and name not in NOT_REPEATED}


@dataclass(slots=True)
class SingleAnswer:
    """The champion's answer for one order. promised: at each `on_time_share`, by_days: until `deliver_by`, if they were
    given. `latency_ms`: from the request's arrival until the answer stood."""

    request_id: str
    order: Order
    purchase: datetime
    predictor: Predictor
    prediction: Prediction
    promised: Promised
    by_days: float | None
    answered_at: float
    latency_ms: float

    def __len__(self) -> int:
        return 1

    def json(self) -> bytes:
        """The body for the client."""
        predictor, prediction = self.predictor, self.prediction
        unit = 10**predictor.decimals
        days, lower, upper = prediction.days, prediction.lower_days, prediction.upper_days
        dates = predictor.clock.dates_of_one(self.purchase, (days, lower, upper))
        body = {
            **repeated(self.order),
            "delivery_time": round(days),
            "delivery_time_days": round(days * unit) / unit,
            "lower_days": round(lower * unit) / unit,
            "upper_days": round(upper * unit) / unit,
            "model_version": predictor.version,
            "seller_known": prediction.seller_known,
            "delivery_date": dates[0],
            "lower_date": dates[1],
            "upper_date": dates[2],
            "confidence": CONFIDENCE[prediction.doubts],
            "pace_day": predictor.pace_date,
        }
        if self.promised:
            body[PROMISES] = promises_of(self.promised, self.purchase, predictor)
        if self.by_days is not None:
            body[PROBABILITY] = probability_of(prediction.distribution.probability_by(self.by_days))
        return orjson.dumps(body)

    def rows(self) -> Iterator[Row]:
        """Its row of the prediction log."""
        order = self.order
        lat, lng = order.coordinates("destination")
        values: dict[str, Any] = {
            "order_id": order.order_id,
            "seller_zip_code_prefix": order.seller_zip_code_prefix,
            "customer_lat": lat,
            "customer_lng": lng,
            "purchase_timestamp": self.purchase.isoformat(),
            "predicted_at": datetime.fromtimestamp(self.answered_at, UTC).isoformat(),
            "request_id": self.request_id,
            "model_version": self.predictor.version,
            "role": CHAMPION,
            "delivery_time_days": self.prediction.days,
            "lower_days": self.prediction.lower_days,
            "upper_days": self.prediction.upper_days,
            "seller_known": self.prediction.seller_known,
            "latency_ms": self.latency_ms,
            "further": None if order.__pydantic_fields_set__ <= KEPT_ELSEWHERE else further(order.__dict__),
        }
        if self.promised:
            values["further"] = {**(values["further"] or {}), PROMISES: self.promised}
        yield row_of(values)


@dataclass(slots=True)
class ManyAnswers:
    """The champion's answers for n orders of one request. given: what the orders said, as columns, None for nothing.

    purchase: seconds since 1970 in UTC. wishes: what they asked for beside their days.
    """

    request_id: str
    given: Mapping[str, Sequence[Any]]
    purchase: Sequence[int]
    wishes: Wishes
    predictor: Predictor
    predictions: Predictions
    answered_at: float
    latency_ms: float

    def __len__(self) -> int:
        return len(self.purchase)

    def json(self) -> bytes:
        """The body for the client: one object an order, in the request's order."""
        predictor, predictions = self.predictor, self.predictions
        said = {name: values for name, values in self.given.items() if name not in NOT_REPEATED}
        days = {
            "delivery": (predictions.days, "delivery_time_days"),
            "lower": (predictions.lower_days, "lower_days"),
            "upper": (predictions.upper_days, "upper_days"),
        }
        purchases = np.array(self.purchase, dtype="datetime64[s]")
        answered: dict[str, Sequence[Any]] = {
            "delivery_time": np.rint(predictions.days).astype(np.int64).tolist(),
            **{name: np.round(values, predictor.decimals).tolist() for values, name in days.values()},
            "model_version": [predictor.version] * len(self),
            "seller_known": predictions.seller_known.tolist(),
            **{
                f"{end}_date": predictor.clock.texts(predictor.clock.dates(purchases, values))
                for end, (values, _) in days.items()
            },
            "confidence": [CONFIDENCE[doubts] for doubts in predictions.doubts().tolist()],
            "pace_day": [predictor.pace_date] * len(self),
            **self.wishes.columns(predictor, predictions.distribution),
        }
        return orjson.dumps(_rows({**said, **answered}, len(self)))

    def rows(self) -> Iterator[Row]:
        """Their rows of the prediction log."""
        count, nothing = len(self), [None] * len(self)
        given = self.given
        kept = nothing if given.keys() <= KEPT_ELSEWHERE else [further(row) for row in _rows(given, count)]
        if promised := self.wishes.promised(self.predictions.distribution):
            kept = [
                {**(row or {}), PROMISES: promised[number]} if number in promised else row
                for number, row in enumerate(kept)
            ]
        return rows_of(
            {
                "seller_zip_code_prefix": given.get("seller_zip_code_prefix", nothing),
                "customer_lat": _either(given, "customer_lat", "destination_lat", nothing),
                "customer_lng": _either(given, "customer_lng", "destination_lng", nothing),
                "purchase_timestamp": np.datetime_as_string(np.array(self.purchase, dtype="datetime64[s]")).tolist(),
                "order_id": given.get("order_id", nothing),
                **predicted_columns(self.predictions),
                "predicted_at": [datetime.fromtimestamp(self.answered_at, UTC).isoformat()] * count,
                "request_id": [self.request_id] * count,
                "model_version": [self.predictor.version] * count,
                "role": [CHAMPION] * count,
                "latency_ms": [self.latency_ms] * count,
                "further": kept,
            }
        )


def _rows(columns: Mapping[str, Sequence[Any]], count: int) -> list[dict[str, Any]]:
    """n rows, each with the fields that it has."""
    if not columns:
        return [{} for _ in range(count)]
    rows = map(_row_of(tuple(columns)), *columns.values())
    if not any(None in values for values in columns.values()):
        return list(rows)
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


@lru_cache(maxsize=64)
def _row_of(names: tuple[str, ...]) -> Callable[..., dict[str, Any]]:
    """`dict(zip(names, values))` of a row's values in a third of its time: a dict that is written out knows its size.

    names: of our own fields. Code is made of them as `namedtuple` makes it.
    """
    values = [f"v{number}" for number in range(len(names))]
    pairs = ", ".join(f"{name!r}: {value}" for name, value in zip(names, values, strict=True))
    made: Callable[..., dict[str, Any]] = eval(f"lambda {', '.join(values)}: {{{pairs}}}")  # noqa: S307
    return made


def _either(given: Mapping[str, Sequence[Any]], old: str, new: str, nothing: Sequence[None]) -> Sequence[Any]:
    """A field under its old or its new name, order by order."""
    if old not in given or new not in given:
        return given.get(old, given.get(new, nothing))
    return [second if first is None else first for first, second in zip(given[old], given[new], strict=True)]

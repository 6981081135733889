"""One answer, single or of many orders: its JSON for the client, its rows for the prediction log."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from pydantic_core import to_json

from common.model.predictor import Prediction, Predictions
from common.orders.fields import Order
from common.orders.later import SAID_LATER
from common.orders.logged import KEPT_ELSEWHERE, further
from common.servers.prediction_log import Row, predicted_columns, row_of, rows_of
from common.servers.registry import CHAMPION

NOT_REPEATED = frozenset({"order_id", "purchase_timestamp", "facts", *SAID_LATER})
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
    """The champion's answer for one order. `latency_ms`: from the request's arrival until the answer stood."""

    request_id: str
    order: Order
    purchase: datetime
    version: str
    decimals: int
    prediction: Prediction
    answered_at: float
    latency_ms: float

    def __len__(self) -> int:
        return 1

    def json(self) -> bytes:
        """The body for the client."""
        unit = 10**self.decimals
        return to_json(
            _body(
                repeated(self.order),
                round(self.prediction.days),
                round(self.prediction.days * unit) / unit,
                round(self.prediction.lower_days * unit) / unit,
                round(self.prediction.upper_days * unit) / unit,
                self.version,
                self.prediction.seller_known,
            )
        )

    def rows(self) -> Iterator[Row]:
        """Its row of the prediction log."""
        order = self.order
        lat, lng = order.coordinates("destination")
        values = {
            "order_id": order.order_id,
            "seller_zip_code_prefix": order.seller_zip_code_prefix,
            "customer_lat": lat,
            "customer_lng": lng,
            "purchase_timestamp": self.purchase.isoformat(),
            "predicted_at": datetime.fromtimestamp(self.answered_at, UTC).isoformat(),
            "request_id": self.request_id,
            "model_version": self.version,
            "role": CHAMPION,
            "delivery_time_days": self.prediction.days,
            "lower_days": self.prediction.lower_days,
            "upper_days": self.prediction.upper_days,
            "seller_known": self.prediction.seller_known,
            "latency_ms": self.latency_ms,
            "further": None if order.__pydantic_fields_set__ <= KEPT_ELSEWHERE else further(order.__dict__),
        }
        yield row_of(values)


@dataclass(slots=True)
class ManyAnswers:
    """The champion's answers for n orders of one request. given: what the orders said, as columns, None for nothing.

    purchase: seconds since 1970 in UTC.
    """

    request_id: str
    given: Mapping[str, Sequence[Any]]
    purchase: Sequence[int]
    version: str
    decimals: int
    predictions: Predictions
    answered_at: float
    latency_ms: float

    def __len__(self) -> int:
        return len(self.purchase)

    def json(self) -> bytes:
        """The body for the client: one object an order, in the request's order."""
        said = {name: values for name, values in self.given.items() if name not in NOT_REPEATED}
        answered = {
            "delivery_time": np.rint(self.predictions.days).astype(np.int64).tolist(),
            "delivery_time_days": np.round(self.predictions.days, self.decimals).tolist(),
            "lower_days": np.round(self.predictions.lower_days, self.decimals).tolist(),
            "upper_days": np.round(self.predictions.upper_days, self.decimals).tolist(),
            "model_version": [self.version] * len(self),
            "seller_known": self.predictions.seller_known.tolist(),
        }
        return to_json(_rows({**said, **answered}, len(self)))

    def rows(self) -> Iterator[Row]:
        """Their rows of the prediction log."""
        count, nothing = len(self), [None] * len(self)
        given = self.given
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
                "model_version": [self.version] * count,
                "role": [CHAMPION] * count,
                "latency_ms": [self.latency_ms] * count,
                "further": nothing if given.keys() <= KEPT_ELSEWHERE else [further(row) for row in _rows(given, count)],
            }
        )


def _rows(columns: Mapping[str, Sequence[Any]], count: int) -> list[dict[str, Any]]:
    """n rows, each with the fields that it has."""
    if not columns:
        return [{} for _ in range(count)]
    names = tuple(columns)
    if not any(None in values for values in columns.values()):
        return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return [
        {name: value for name, value in zip(names, row, strict=True) if value is not None}
        for row in zip(*columns.values(), strict=True)
    ]


def _either(given: Mapping[str, Sequence[Any]], old: str, new: str, nothing: Sequence[None]) -> Sequence[Any]:
    """A field under its old or its new name, order by order."""
    if old not in given or new not in given:
        return given.get(old, given.get(new, nothing))
    return [second if first is None else first for first, second in zip(given[old], given[new], strict=True)]


def _body(
    said: dict[str, Any],
    whole_days: int,
    days: float,
    lower_days: float,
    upper_days: float,
    version: str,
    seller_known: bool,
) -> dict[str, Any]:
    return {
        **said,
        "delivery_time": whole_days,
        "delivery_time_days": days,
        "lower_days": lower_days,
        "upper_days": upper_days,
        "model_version": version,
        "seller_known": seller_known,
    }

"""One answer, single or of many orders: its JSON for the client, its rows for the prediction log."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from pydantic_core import to_json

from common.model.predictor import Prediction, Predictions
from common.orders.columns import Orders
from common.servers.prediction_log import new_ids
from common.servers.registry import CHAMPION
from gateway.routes.bodies import Order

Row = tuple[Any, ...]
"""A row of the prediction log: the fields of `common.servers.prediction_log.LoggedPrediction`, in order."""


@dataclass(slots=True)
class SingleAnswer:
    """The champion's answer for one order. `latency_ms`: from the request's arrival until the answer stood."""

    request_id: str
    order: Order
    purchase: datetime
    version: str
    prediction: Prediction
    answered_at: float
    latency_ms: float

    def __len__(self) -> int:
        return 1

    def json(self) -> bytes:
        """The body for the client."""
        return to_json(
            _body(
                self.order.seller_zip_code_prefix,
                self.order.customer_lat,
                self.order.customer_lng,
                round(self.prediction.days),
                round(self.prediction.days * 100) / 100,
                round(self.prediction.lower_days * 100) / 100,
                round(self.prediction.upper_days * 100) / 100,
                self.version,
                self.prediction.seller_known,
            )
        )

    def rows(self) -> Iterator[Row]:
        """Its row of the prediction log."""
        yield (
            new_ids(1)[0],
            datetime.fromtimestamp(self.answered_at, UTC).isoformat(),
            self.request_id,
            self.order.order_id,
            self.version,
            CHAMPION,
            self.order.seller_zip_code_prefix,
            self.order.customer_lat,
            self.order.customer_lng,
            self.purchase.isoformat(),
            self.prediction.days,
            self.prediction.lower_days,
            self.prediction.upper_days,
            self.prediction.seller_known,
            self.latency_ms,
        )


@dataclass(slots=True)
class ManyAnswers:
    """The champion's answers for n orders of one request, as columns."""

    request_id: str
    order_ids: list[str | None]
    orders: Orders
    version: str
    predictions: Predictions
    answered_at: float
    latency_ms: float

    def __len__(self) -> int:
        return len(self.orders)

    def json(self) -> bytes:
        """The body for the client: one object an order, in the request's order."""
        columns = (
            self.orders.seller_zip_code_prefix.tolist(),
            self.orders.customer_lat.tolist(),
            self.orders.customer_lng.tolist(),
            np.rint(self.predictions.days).astype(np.int64).tolist(),
            np.round(self.predictions.days, 2).tolist(),
            np.round(self.predictions.lower_days, 2).tolist(),
            np.round(self.predictions.upper_days, 2).tolist(),
            [self.version] * len(self),
            self.predictions.seller_known.tolist(),
        )
        return to_json([_body(*row) for row in zip(*columns, strict=True)])

    def rows(self) -> Iterator[Row]:
        """Their rows of the prediction log."""
        count = len(self)
        return zip(
            new_ids(count),
            [datetime.fromtimestamp(self.answered_at, UTC).isoformat()] * count,
            [self.request_id] * count,
            self.order_ids,
            [self.version] * count,
            [CHAMPION] * count,
            self.orders.seller_zip_code_prefix.tolist(),
            self.orders.customer_lat.tolist(),
            self.orders.customer_lng.tolist(),
            np.datetime_as_string(self.orders.purchase_timestamp).tolist(),
            self.predictions.days.tolist(),
            self.predictions.lower_days.tolist(),
            self.predictions.upper_days.tolist(),
            self.predictions.seller_known.tolist(),
            [self.latency_ms] * count,
            strict=True,
        )


def _body(
    zip_code_prefix: int,
    lat: float,
    lng: float,
    whole_days: int,
    days: float,
    lower_days: float,
    upper_days: float,
    version: str,
    seller_known: bool,
) -> dict[str, Any]:
    return {
        "seller_zip_code_prefix": zip_code_prefix,
        "customer_lat": lat,
        "customer_lng": lng,
        "delivery_time": whole_days,
        "delivery_time_days": days,
        "lower_days": lower_days,
        "upper_days": upper_days,
        "model_version": version,
        "seller_known": seller_known,
    }

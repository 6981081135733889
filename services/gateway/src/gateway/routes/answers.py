"""One answer, single or of many orders: its JSON for the client, its rows for the prediction log."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from pydantic_core import to_json

from common.model.predictor import Prediction, Predictions
from common.orders.fields import Order, Orders
from common.servers.prediction_log import Row, new_ids, predicted_columns, row_of, rows_of
from common.servers.registry import CHAMPION


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
        values = {
            **self.order.__dict__,
            "purchase_timestamp": self.purchase.isoformat(),
            "id": new_ids(1)[0],
            "predicted_at": datetime.fromtimestamp(self.answered_at, UTC).isoformat(),
            "request_id": self.request_id,
            "model_version": self.version,
            "role": CHAMPION,
            "delivery_time_days": self.prediction.days,
            "lower_days": self.prediction.lower_days,
            "upper_days": self.prediction.upper_days,
            "seller_known": self.prediction.seller_known,
            "latency_ms": self.latency_ms,
        }
        yield row_of(values)


@dataclass(slots=True)
class ManyAnswers:
    """The champion's answers for n orders of one request, as columns; `logged` are those that only the log reads."""

    request_id: str
    orders: Orders
    logged: Mapping[str, Sequence[Any]]
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
        return rows_of(
            {
                **self.orders.columns(),
                **self.logged,
                **predicted_columns(self.predictions),
                "id": new_ids(count),
                "predicted_at": [datetime.fromtimestamp(self.answered_at, UTC).isoformat()] * count,
                "request_id": [self.request_id] * count,
                "model_version": [self.version] * count,
                "role": [CHAMPION] * count,
                "latency_ms": [self.latency_ms] * count,
            }
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

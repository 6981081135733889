"""The order that tests predict: the one of the documentation, from São Paulo's hinterland into the city."""

from datetime import datetime, timedelta
from typing import Any

from common.servers.prediction_log import LoggedPrediction, new_ids

ORDER = {"seller_zip_code_prefix": 9350, "customer_lat": -23.577, "customer_lng": -46.587}
CSV = b"seller_zip_code_prefix,customer_lat,customer_lng\n9350,-23.577,-46.587\n"


def logged(count: int, start: datetime, apart: timedelta, **changes: Any) -> list[LoggedPrediction]:
    """Answers to orders like it, one after the other, each predicted when it was bought."""
    return [
        LoggedPrediction(
            id=id_,
            predicted_at=start + number * apart,
            request_id=f"request-{number}",
            order_id=f"order-{number}",
            model_version="1",
            role="champion",
            purchase_timestamp=start + number * apart,
            delivery_time_days=8.0,
            lower_days=3.0,
            upper_days=20.0,
            seller_known=True,
            latency_ms=0.5,
            **ORDER,
        )._replace(**changes)
        for number, id_ in enumerate(new_ids(count))
    ]

"""What the gateway is measured against: `constant` (a bare FastAPI route) and `original` (as the original served)."""

import os

import pandas as pd
from catboost import CatBoostRegressor
from fastapi import FastAPI

from gateway.routes.prediction_bodies import DeliveryTime, Order

CONSTANT = {
    "seller_zip_code_prefix": 9350,
    "customer_lat": -23.577,
    "customer_lng": -46.587,
    "delivery_time": 9,
    "delivery_time_days": 8.85,
    "lower_days": 3.4,
    "upper_days": 19.6,
    "model_version": "3",
    "seller_known": True,
    "delivery_date": "2018-02-24",
    "lower_date": "2018-02-18",
    "upper_date": "2018-03-07",
    "confidence": {"level": "high", "reasons": []},
    "pace_day": "2018-02-14",
}


def constant() -> FastAPI:
    """Validates the same body and answers a constant."""
    app = FastAPI()

    @app.post("/delivery_time")
    async def delivery_time(order: Order) -> DeliveryTime:
        return CONSTANT  # type: ignore[return-value]  # FastAPI makes the model of it, as it does of any dict

    return app


def original() -> FastAPI:
    """Pydantic in, a data frame of one row, CatBoost's predict, response model."""
    app = FastAPI()
    model = CatBoostRegressor().load_model(os.environ["BENCH_MODEL"])
    missing = dict.fromkeys(model.feature_names_, 0.0)

    @app.post("/delivery_time")
    async def delivery_time(order: Order) -> DeliveryTime:
        row = pd.DataFrame([{**missing, "customer_lat": order.customer_lat, "customer_lng": order.customer_lng}])
        days = float(model.predict(row).ravel()[0])
        return DeliveryTime.model_validate({**CONSTANT, "delivery_time_days": days})

    return app

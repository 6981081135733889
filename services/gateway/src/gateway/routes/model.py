"""GET /model: what answers now."""

from datetime import date
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from common.release import release
from common.servers.registry import MODEL_NAME
from gateway.http import problems
from gateway.model.champion import Champion


class Pace(BaseModel):
    """How fast deliveries are at present, in days (restricted geometric mean), by region, within them and between."""

    day: date
    days: dict[str, float]


class Model(BaseModel):
    """The model version in service, and the release that serves it. Metrics are in days, measured on the newest window
    at registration."""

    name: str
    version: str
    trained_at: str
    training_window: dict[str, Any]
    metrics: dict[str, float]
    features: list[str]
    delivery_pace: Pace
    release: str


def add_routes(app: FastAPI, champion: Champion) -> None:
    """Serve the description of the champion."""

    @app.get("/model", tags=["model"], responses=problems.documented())
    async def model() -> Model:
        """Name, version, training window, metrics and features of the model that answers now."""
        predictor = champion.current()
        manifest = predictor.manifest
        return Model(
            name=MODEL_NAME,
            version=predictor.version,
            trained_at=manifest.trained_at,
            training_window=manifest.training_window,
            metrics=manifest.metrics,
            features=manifest.feature_names,
            delivery_pace=Pace(day=predictor.pace_day, days=predictor.pace.present()),
            release=release(),
        )

"""GET /livez and /readyz."""

import time
from typing import Any

from fastapi import FastAPI

from common.errors import ModelNotLoaded
from gateway.http import problems
from gateway.log.prediction_log import PredictionLog
from gateway.model.champion import Champion


def add_routes(app: FastAPI, champion: Champion, log: PredictionLog) -> None:
    """Liveness at once; readiness with the first model, and with what is not as it should be."""

    @app.get("/livez", tags=["health"])
    async def livez() -> dict[str, str]:
        """The process answers."""
        return {"status": "alive"}

    @app.get("/readyz", tags=["health"], responses=problems.documented())
    async def readyz() -> dict[str, Any]:
        """A model is loaded, so that predictions are answered. `registry` says why the champion may be out of date."""
        predictor = champion.current()
        if not champion.asked:
            raise ModelNotLoaded("the registry has not been asked yet")
        age = None if champion.checked_at is None else time.time() - champion.checked_at
        return {
            "status": "ready",
            "model_version": predictor.version,
            "registry": champion.trouble or "ok",
            "seconds_since_champion_check": None if age is None else round(age, 1),
            "prediction_log": {"buffered": log.buffered, "dropped": log.dropped},
        }

"""GET /livez, /readyz and /metrics; / leads to the documentation."""

import time
from typing import Any

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from common.errors import ModelNotLoaded
from gateway.access.keys import KeyRing
from gateway.http import problems
from gateway.log.sender import LogSender
from gateway.metrics import Metrics
from gateway.model.champion import Champion


def add_routes(app: FastAPI, champion: Champion, key_ring: KeyRing | None, log: LogSender, metrics: Metrics) -> None:
    """Liveness at once; readiness with the first model, and with what is not as it should be; metrics."""
    one_at_a_time = CapacityLimiter(1)  # a thread of its own: the others may all be waiting for a database

    @app.get("/", include_in_schema=False)
    async def root(request: Request) -> RedirectResponse:
        return RedirectResponse(f"{request.scope['root_path']}/docs")

    @app.get("/livez", tags=["health"])
    async def livez() -> dict[str, str]:
        """The process answers."""
        return {"status": "alive"}

    @app.get("/readyz", tags=["health"], responses=problems.documented())
    async def readyz() -> dict[str, Any]:
        """Predictions are answered: a model is loaded, and keys are known. `registry` says why the champion may be out
        of date."""
        predictor = champion.current()
        if not champion.registry_asked:
            raise ModelNotLoaded("the registry has not been asked yet")
        if key_ring is not None:
            key_ring.check_known()
        age = None if champion.checked_at is None else time.time() - champion.checked_at
        return {
            "status": "ready",
            "model_version": predictor.version,
            "pace_day": predictor.pace_date,
            "registry": champion.trouble or "ok",
            "seconds_since_champion_check": None if age is None else round(age, 1),
            "prediction_log": {"buffered": log.buffered, "dropped": log.dropped},
        }

    @app.get("/metrics", tags=["health"], response_class=Response)
    async def exposition() -> Response:
        """Metrics for Prometheus."""
        text = await to_thread.run_sync(metrics.exposition, limiter=one_at_a_time)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

"""The application: routes and middleware around collaborators that the caller brings."""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Sequence

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from gateway import actuals, health, jobs, metrics, model, predictions, problems
from gateway.access import Access
from gateway.champion import Champion
from gateway.direct_route import Direct, DirectRoutes
from gateway.keys import KeyRing
from gateway.limits import RateLimit
from gateway.metrics import Metrics
from gateway.observation import Observation
from gateway.openapi import describe
from gateway.periodic import Periodic
from gateway.prediction_log import PredictionLog
from gateway.settings import GatewaySettings

FLUSH_AT_END_SECONDS = 2.5


def create_app(
    settings: GatewaySettings,
    champion: Champion,
    log: PredictionLog,
    key_ring: KeyRing | None,
    rate_limit: RateLimit,
    told: Metrics,
    background: Sequence[Periodic],
) -> FastAPI:
    """The gateway's application. It starts and stops `background` and the log's sending with itself."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        gc.freeze()  # what was imported stays: no later collection walks through it while requests wait
        for thread in background:
            thread.start()
        sending = asyncio.create_task(log.run())
        yield
        for thread in background:
            thread.stop()
        sending.cancel()
        await log.close(FLUSH_AT_END_SECONDS)

    app = FastAPI(title="delivery-time", version="1", lifespan=lifespan, redoc_url=None, docs_url="/docs")
    direct = DirectRoutes()
    predictions.add_routes(app, direct, champion, log, told)
    app.include_router(jobs.router)
    actuals.add_routes(app, direct)
    model.add_routes(app, champion)
    health.add_routes(app, champion, log)
    metrics.add_routes(app, told)
    problems.install(app)
    describe(app, key_ring is not None)
    app.add_middleware(Direct, routes=direct)
    app.add_middleware(
        Access,
        key_ring=key_ring,
        rate_limit=rate_limit,
        most_waiting=settings.most_waiting,
        most_body_bytes=settings.most_body_bytes,
    )
    if settings.cors_origins:
        app.add_middleware(CORSMiddleware, allow_origins=sorted(settings.cors_origins), allow_methods=["GET", "POST"])
    app.add_middleware(Observation, metrics=told)
    return app

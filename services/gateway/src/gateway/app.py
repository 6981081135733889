"""The application: routes and middleware around collaborators that the caller brings."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator

from fastapi import FastAPI
from redis.asyncio import Redis

from common.registry import Registry
from common.settings import QueueSettings, RegistrySettings, load
from gateway import actuals, health, jobs, model, model_events, predictions, problems
from gateway.champion import Champion
from gateway.observation import Observation
from gateway.prediction_log import PredictionLog
from gateway.settings import GatewaySettings

FLUSH_AT_END_SECONDS = 3.0


def create_app(champion: Champion, log: PredictionLog) -> FastAPI:
    """The gateway's application; it starts and stops the champion's thread and the log's task with itself."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        champion.start()
        sending = asyncio.create_task(log.run())
        yield
        champion.stop()
        sending.cancel()
        await log.close(FLUSH_AT_END_SECONDS)

    app = FastAPI(
        title="delivery-time",
        description="Days from order to delivery: single predictions, many at once, and batch jobs over files.",
        version="1",
        lifespan=lifespan,
        redoc_url=None,
    )
    predictions.add_routes(app, champion, log)
    app.include_router(jobs.router)
    actuals.add_routes(app)
    model.add_routes(app, champion)
    health.add_routes(app, champion, log)
    problems.install(app)
    app.add_middleware(Observation)
    return app


def from_environment() -> FastAPI:
    """The application of a real process: collaborators made from the settings in the environment."""
    settings, registry = load(GatewaySettings), load(RegistrySettings)
    actor = f"gateway {socket.gethostname()}:{os.getpid()}"
    champion = Champion(Registry(registry), registry.poll_seconds, model_events.recorder(actor))
    queue = Redis.from_url(load(QueueSettings).url.get_secret_value(), socket_connect_timeout=1.0, socket_timeout=2.0)
    return create_app(champion, PredictionLog(queue, settings.log_capacity))

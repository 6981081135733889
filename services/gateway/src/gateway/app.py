"""The application: routes and middleware around collaborators that the caller brings."""

import asyncio
import contextlib
import gc
import time
from collections.abc import AsyncIterator, Sequence

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from common.batch.jobs import BatchJobs
from common.database.session import Database
from common.servers.queue import Queue
from gateway.access.access import Access
from gateway.access.hosts import Hosts
from gateway.access.keys import KeyRing
from gateway.access.limits import RateLimit
from gateway.http import problems
from gateway.http.direct_route import Direct, DirectRoutes
from gateway.http.observation import Observation
from gateway.http.openapi import describe
from gateway.http.proxying import Forwarded, Mounted
from gateway.log.sender import LogSender
from gateway.metrics import Metrics
from gateway.model.champion import Champion
from gateway.periodic import Periodic
from gateway.routes import actuals, health, jobs, model, order_status, orders, predictions
from gateway.settings import GatewaySettings

FLUSH_AT_END_SECONDS = 2.5
FIRST_LOOK_SECONDS = 2.0
"""A process that starts beside others listens when its model and keys are there, or when they are this late."""

DOCS_ASSETS = "/docs/assets"


def create_app(
    settings: GatewaySettings,
    champion: Champion,
    database: Database,
    log: LogSender,
    key_ring: KeyRing | None,
    rate_limit: RateLimit,
    metrics: Metrics,
    background: Sequence[Periodic],
    batch_jobs: BatchJobs,
    queue: Queue,
) -> ASGIApp:
    """The gateway's application. It starts and stops `background` and the log's sending with itself."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        gc.freeze()  # what was imported stays: no later collection walks through it while requests wait
        for thread in background:
            thread.start()
        await asyncio.to_thread(_wait_worked, background)
        sending = asyncio.create_task(log.run())
        yield
        for thread in background:
            thread.stop()
        sending.cancel()
        await log.close(FLUSH_AT_END_SECONDS)

    app = FastAPIOffline(title="delivery-time", version="1", lifespan=lifespan, redoc_url=None, static_url=DOCS_ASSETS)
    direct = DirectRoutes()
    predictions.add_routes(app, direct, champion, log, metrics)
    jobs.add_routes(app, batch_jobs, queue)
    actuals.add_routes(app, direct, database)
    order_status.add_routes(app, database, champion)
    orders.add_routes(app, database)
    model.add_routes(app, champion)
    health.add_routes(app, champion, key_ring, log, metrics)
    problems.install(app)
    describe(app, key_ring is not None)
    return _around(app, settings, direct, key_ring, rate_limit, metrics)


def _wait_worked(background: Sequence[Periodic]) -> None:
    until = time.monotonic() + FIRST_LOOK_SECONDS
    for thread in background:
        thread.wait_worked(until - time.monotonic())


def _around(
    app: FastAPI,
    settings: GatewaySettings,
    direct: DirectRoutes,
    key_ring: KeyRing | None,
    rate_limit: RateLimit,
    metrics: Metrics,
) -> ASGIApp:
    """Our middleware, outside of FastAPI's own: a direct route must not pay for that."""
    served: ASGIApp = Direct(Mounted(app), direct)
    served = Access(served, key_ring, rate_limit, settings.most_waiting, settings.most_body_bytes)
    if settings.cors_origins:
        served = CORSMiddleware(
            served,
            allow_origins=sorted(settings.cors_origins),
            allow_methods=["DELETE", "GET", "HEAD", "POST"],
            allow_headers=["*"],  # tracers, monitors and libraries of pages add theirs to every request
            allow_private_network=True,
            expose_headers=["Link", "Location", "Retry-After", "X-Request-Id"],
        )
    served = Forwarded(served, settings.trusted_networks, settings.path_prefix)
    if key_ring is None and (settings.hosts or not settings.path_prefix):  # a proxy under a prefix has names of its own
        served = Hosts(served, settings.hosts)
    return Observation(served, metrics)

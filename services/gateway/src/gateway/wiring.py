"""The application of a real process: every collaborator made from the settings in the environment."""

import logging
import os
import socket
from pathlib import Path

from starlette.types import ASGIApp

from common import logs
from common.batch.jobs import BatchJobs
from common.database.session import Database
from common.servers.objects import ObjectStore
from common.servers.queue import Queue
from common.servers.registry import Registry
from common.settings import (
    BatchSettings,
    DatabaseSettings,
    ModeSettings,
    ObjectStoreSettings,
    QueueSettings,
    RegistrySettings,
    load,
)
from gateway import database_timeouts
from gateway.access.key_store import KeyStore
from gateway.access.keys import KeyRing
from gateway.access.limits import RateLimit
from gateway.app import create_app
from gateway.log.sender import LogSender
from gateway.metrics import Metrics
from gateway.model.champion import Champion
from gateway.model.present_pace import PresentPace
from gateway.model.shadow import Shadow
from gateway.model.swaps import SwapRecord
from gateway.periodic import Periodic
from gateway.settings import SHARED_FOLDER, GatewaySettings, keys_required

logger = logging.getLogger(__name__)

KEYS_REFRESH_SECONDS = 5.0
SWAPS_WRITE_SECONDS = 1.0
TRACES_TO = "OTEL_EXPORTER_OTLP_ENDPOINT"
"""OpenTelemetry's own variable: where the collector is."""


def from_environment() -> ASGIApp:
    """Build the application; InvalidSettings."""
    logs.configure("gateway")
    database_timeouts.install()  # for the whole process, which is why it is here and nowhere else
    settings, registry_settings = load(GatewaySettings), load(RegistrySettings)
    database = Database(load(DatabaseSettings), statement_seconds=database_timeouts.ANSWER_SECONDS)
    registry, metrics = Registry(registry_settings), Metrics()
    swaps = SwapRecord(database, f"gateway {socket.gethostname()}:{os.getpid()}")

    def swapped(version: str, replaced: str | None) -> None:
        metrics.serving(version)
        swaps.add(version, replaced)

    champion = Champion(registry, PresentPace(database), swapped, metrics.checked)
    shadow = Shadow(registry, settings.shadow_share)
    key_ring = KeyRing(KeyStore(database).valid) if keys_required(settings, load(ModeSettings)) else None

    def refresh_models() -> None:
        champion.refresh()
        shadow.refresh()

    background = [
        Periodic("models", refresh_models, registry_settings.poll_seconds),
        Periodic("swaps", swaps.write, SWAPS_WRITE_SECONDS),
    ]
    if key_ring:
        background.append(Periodic("keys", key_ring.refresh, KEYS_REFRESH_SECONDS))
    queue = Queue(load(QueueSettings))
    log = LogSender(queue.async_client(connect_seconds=1.0, answer_seconds=2.0), settings.log_capacity, metrics, shadow)
    shared = os.environ.get(SHARED_FOLDER)
    batch_jobs = BatchJobs(database, ObjectStore(load(ObjectStoreSettings)), load(BatchSettings))
    rate_limit = RateLimit(settings.rate, settings.burst, Path(shared) if shared else None)
    app = create_app(settings, champion, database, log, key_ring, rate_limit, metrics, background, batch_jobs, queue)
    return _traced(app)


def _traced(app: ASGIApp) -> ASGIApp:
    """The app with tracing around it, if the environment names a collector and the extra is there to reach it."""
    if not os.environ.get(TRACES_TO):
        return app
    try:
        from gateway.http.tracing import Tracing
    except ImportError as error:
        logger.warning(
            "%s is set, but there is no tracing without the extra delivery-time-gateway[tracing]: %s", TRACES_TO, error
        )
        return app
    return Tracing(app)

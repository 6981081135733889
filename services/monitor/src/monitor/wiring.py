"""The monitor of a real process: every collaborator made from the settings in the environment."""

import httpx

from common.database.session import Database
from common.servers.history import HistoryStore
from common.servers.objects import ObjectStore
from common.servers.queue import Queue
from common.servers.registry import Registry
from common.settings import (
    BatchSettings,
    DatabaseSettings,
    ObjectStoreSettings,
    QueueSettings,
    RegistrySettings,
    load,
)
from monitor.actuals.jobs import ActualsJobs
from monitor.alerts.notify import Notifier
from monitor.archive.archiver import Archiver
from monitor.log.consumer import LogConsumer
from monitor.settings import GatewayAddress, MonitorSettings, PrivacySettings, RetentionSettings
from monitor.tasks import Tasks
from monitor.windows.history import PastOrders, read_history
from monitor.windows.live import LiveWindows
from monitor.windows.reference import References
from monitor.windows.reports import Reports
from monitor.worker import Resident


def database() -> Database:
    """Postgres; InvalidSettings, as all of these."""
    return Database(load(DatabaseSettings))


def queue() -> Queue:
    """Wakes workers."""
    return Queue(load(QueueSettings))


def registry() -> Registry:
    """The models."""
    return Registry(load(RegistrySettings))


def object_store() -> ObjectStore:
    """Files of actuals, reports, and what is kept of old months."""
    return ObjectStore(load(ObjectStoreSettings))


def past_orders() -> PastOrders:
    """The history that was prepared, from the object store."""
    return read_history(HistoryStore(object_store()))


def reports() -> Reports:
    """Where Evidently's reports are kept."""
    return Reports(object_store())


def tasks() -> Tasks:
    """What the worker does on a schedule."""
    settings, postgres, models = load(MonitorSettings), database(), registry()
    windows = LiveWindows(postgres, References(models), reports(), settings.window_length)
    return Tasks(queue().app("monitor"), postgres, models, windows, settings)


def log_consumer() -> LogConsumer:
    """The consumer of the prediction log."""
    return LogConsumer(queue().client(), database().engine, load(PrivacySettings).decimals)


def residents() -> list[Resident]:
    """What runs beside the tasks all the time, each with connections of its own: its thread shares none with them."""
    webhook = load(MonitorSettings).webhook_url
    notifier = [Notifier(database(), webhook.get_secret_value())] if webhook else []
    return [
        log_consumer(),
        ActualsJobs(database(), object_store(), load(BatchSettings)),
        Archiver(database(), object_store(), registry(), load(RetentionSettings)),
        *notifier,
    ]


def gateway() -> httpx.Client:
    """A client of the gateway, for replays."""
    address = load(GatewayAddress)
    headers = {"Authorization": f"Bearer {address.api_key.get_secret_value()}"} if address.api_key else {}
    return httpx.Client(base_url=f"http://{address.host}:{address.port}", headers=headers, timeout=30)

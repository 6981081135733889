"""The application of a real process: every collaborator made from the settings in the environment."""

import logging

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp

from common import logs
from common.database.access import api_keys
from common.database.session import Database
from common.database.tables import ApiKey
from common.promotion import Promotion
from common.servers.history import HistoryStore
from common.servers.objects import ObjectStore
from common.servers.queue import Queue
from common.servers.registry import Registry
from common.settings import DatabaseSettings, ModeSettings, ObjectStoreSettings, QueueSettings, RegistrySettings, load
from console import probes
from console.access.sessions import Sessions
from console.app import Page, create_app
from console.background import Background
from console.files.uploads import Uploads
from console.frame.shell import Shell
from console.frame.words import Words
from console.gateway import Gateway
from console.pages.alerts import AlertsPage
from console.pages.ask import AskPage
from console.pages.data import DataPage
from console.pages.files import FilesPage
from console.pages.job import JobPage
from console.pages.models import ModelsPage
from console.pages.now import NowPage
from console.pages.order import OrderPage
from console.pages.orders import OrdersPage
from console.pages.pace import PacePage
from console.pages.quality import QualityPage
from console.reads.champion import Champions
from console.reads.champion_pace import ChampionPace
from console.reads.data import Data
from console.reads.database_reader import DatabaseReader
from console.reads.jobs import Jobs
from console.reads.models import ModelVersions
from console.reads.orders import Orders
from console.reads.places import Places
from console.runbook import Runbook
from console.settings import LOOPBACK_NAMES, ConsoleSettings, login_required
from console.traffic import Traffic
from console.watch import Watch

KEYS_SECONDS = 5.0
TRAFFIC_SECONDS = 5.0
FORM_BYTES = 1_000_000
"""Beside an uploaded file: the form around it."""


def from_environment() -> ASGIApp:
    """Build the application; InvalidSettings."""
    logs.configure("console")
    for talkative in ("httpx", "uvicorn.error"):  # every probe, every socket
        logging.getLogger(talkative).setLevel(logging.WARNING)
    settings = load(ConsoleSettings)
    gateway, registry = Gateway(settings.gateway_url), Registry(load(RegistrySettings))
    database, store = Database(load(DatabaseSettings)), ObjectStore(load(ObjectStoreSettings))
    read = DatabaseReader(database)
    queue = Queue(load(QueueSettings)).async_client(2.0, 2.0)
    watch, traffic = Watch(probes.parts(gateway, read, queue, store, registry)), Traffic(gateway)

    def find_key(text: str) -> ApiKey | None:
        return read.now(lambda session: api_keys.find(session, text))

    sessions = Sessions(find_key, settings.session_hours, login_required(settings, load(ModeSettings)))
    shell = Shell(watch, sessions, words := Words(settings.time_zone))
    jobs, champions, orders = Jobs(gateway), Champions(gateway), Orders(gateway, words.zone)
    pace, places = ChampionPace(champions, read), Places(registry)
    pages: list[Page] = [
        NowPage(shell, champions, read, watch, traffic, pace),
        AskPage(shell, gateway, champions, places, settings.gateway_public_url or settings.gateway_url),
        FilesPage(shell, jobs, Uploads(store), settings.upload_bytes),
        JobPage(shell, jobs, store),
        OrdersPage(shell, orders),
        OrderPage(shell, orders),
        AlertsPage(shell, read, Runbook()),
        ModelsPage(shell, ModelVersions(registry), read, Promotion(registry, database)),
        QualityPage(shell, read, store),
        PacePage(shell, champions, pace, places, read),
        DataPage(shell, Data(HistoryStore(store))),
    ]
    background = [
        Background("watch", watch.run, 1.0),
        Background("traffic", traffic.sample, TRAFFIC_SECONDS),
        Background("sessions", lambda: run_in_threadpool(sessions.refresh), KEYS_SECONDS),
    ]
    names = None if sessions.required else LOOPBACK_NAMES | settings.names
    return create_app(sessions, watch, pages, background, names, settings.upload_bytes + FORM_BYTES)

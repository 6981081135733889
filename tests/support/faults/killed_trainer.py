"""A trainer that is killed again and again: a process that carries out whatever retraining is queued."""

import os
import random
import time
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import numpy as np
import polars as pl

from common.database import retrainings
from common.database.session import Database
from common.servers.history import HistoryStore
from common.servers.objects import ObjectStore
from common.servers.registry import Registry
from common.settings import DatabaseSettings, ObjectStoreSettings, RegistrySettings
from support.model_fixtures import made_up_history
from support.olist_folder import nowhere
from support.prepared_data import general_table, write_orders
from trainer.published.read import read_version
from trainer.published.seen import ASKED, Seen
from trainer.published.update import Updating
from trainer.registry.versions import Versions
from trainer.retraining.retrain import Retrainer
from trainer.retraining.training import Known, Training
from trainer.search import trial
from trainer.sources.olist.shop import olist_shop
from trainer.sources.raw.open import Sources
from trainer.tracking import Tracking

LEASE_SECONDS = 3.0
TRIALS, TREES = 1, 20
NOW = np.datetime64("2026-01-01", "s")
NOTHING = Seen(pl.DataFrame(schema=ASKED), pl.DataFrame(schema={"order_id": pl.String}))

PROCESSES = get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])


@dataclass(frozen=True)
class Trainer:
    """folder: its DATA_DIR and cache. history: its folder in the object store. environment: where the servers are."""

    folder: Path
    history: str
    environment: dict[str, str]
    mlflow_url: str

    def prepare(self, orders: int) -> None:
        """As `prepare-data` does when the source has changed: so many orders."""
        write_orders(self.folder, general_table(made_up_history(orders)))

    def started(self) -> ForkServerProcess:
        """A living one."""
        process = PROCESSES.Process(target=self.run, daemon=True)
        process.start()
        return process

    def run(self) -> None:
        """Carry out what is queued, one after the other."""
        os.environ |= self.environment
        trial.MOST_TREES = TREES
        database = Database(DatabaseSettings())
        retrainer = Retrainer(database, LEASE_SECONDS)
        while True:
            with database.transaction() as session:
                waiting = retrainings.queued(session)
            if waiting is None:
                time.sleep(0.02)
            else:
                retrainer.retrain(waiting, self.training(database).run)

    def training(self, database: Database) -> Training:
        """The three steps, on this host's prepared orders."""
        store = self.store()
        sources = Sources({}, nowhere)
        prepared = self.folder / "prepared"
        updates = Updating(lambda: olist_shop(self.folder), sources, prepared, store, lambda _: NOTHING)

        def prepare() -> Known:
            newest = updates.publish_waiting()
            assert newest is not None
            return Known(newest.name, NOW.astype(object))

        return Training(
            prepare,
            lambda known: read_version(store, store.version(known.version), NOW),
            self.folder / "searches",
            TRIALS,
            self.versions(database),
        )

    def versions(self, database: Database) -> Versions:
        """What is registered."""
        bundles = Registry(RegistrySettings(url=self.mlflow_url, cache_dir=self.folder / "models"))
        return Versions(bundles, database, Tracking.connect(self.mlflow_url))

    def store(self) -> HistoryStore:
        """The history that it publishes."""
        return HistoryStore(ObjectStore(ObjectStoreSettings()), self.history)


def ended(process: ForkServerProcess, chance: random.Random, seconds: float) -> None:
    """Kill it at any moment of the next seconds; AssertionError if it had ended by itself."""
    process.join(chance.uniform(0, seconds))
    assert process.is_alive(), "it was not alive any more"
    process.kill()
    process.join()

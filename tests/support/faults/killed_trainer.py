"""A trainer that is killed in the middle of its work: a process that lives for one retraining, and deletes what is old
after it."""

import os
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import polars as pl

from common.database import retrainings
from common.database.session import Database
from common.orders.shop.read import read_shop
from common.servers import history as histories
from common.servers.history import HistoryStore
from common.servers.objects import ObjectStore
from common.servers.registry import Registry
from common.settings import DatabaseSettings, ObjectStoreSettings, RegistrySettings
from monitor.archive.ages import delete_bundles
from monitor.archive.history_pruning import prune_history
from support.faults.sudden_death import Deaths
from support.model_fixtures import made_up_history
from support.olist_folder import nowhere
from support.prepared_data import general_table
from trainer.data import staging
from trainer.published.read import read_version
from trainer.published.seen import ASKED, Seen
from trainer.published.update import Updating
from trainer.registry import logged_model
from trainer.registry.versions import Versions
from trainer.retraining.retrain import Retrainer
from trainer.retraining.training import Known, Training
from trainer.search import trial
from trainer.sources.raw.open import Sources
from trainer.tracking import Tracking

LEASE_SECONDS = 60.0
TRIALS, TREES = 1, 20
AT_ONCE = timedelta(0)
NOW = np.datetime64("2026-01-01", "s")
NOTHING = Seen(pl.DataFrame(schema=ASKED), pl.DataFrame(schema={"order_id": pl.String}))
SHOP = 'name = "made-up"\ncountry = "BR"\ntime_zone = "UTC"\n[orders]\nsource = "orders.csv"\n'
COLUMNS = (
    "order_id", "purchase_timestamp", "delivered_timestamp", "origin_postal_code", "destination_lat", "destination_lng",
)  # fmt: skip

PROCESSES = get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])


@dataclass(frozen=True)
class Trainer:
    """folder: its shop, DATA_DIR and cache. history: its folder in the object store. environment: where the servers
    are."""

    folder: Path
    history: str
    environment: dict[str, str]
    mlflow_url: str

    def bring(self, orders: int) -> None:
        """As many orders stand in the shop's file from now on."""
        (self.folder / "shop.toml").write_text(SHOP)
        table = general_table(made_up_history(orders)).select(COLUMNS)
        table.write_csv(self.folder / "orders.csv", datetime_format="%Y-%m-%d %H:%M:%S")

    def life(self, dies_at: int | None = None) -> int | None:
        """One retraining, and what is deleted after it; in how many moments it might have died. None: it did."""
        ours, its = Pipe(duplex=False)
        process = PROCESSES.Process(target=self._live, args=(dies_at, its), daemon=True)
        process.start()
        its.close()
        try:
            return int(ours.recv())
        except EOFError:
            return None
        finally:
            process.join()
            ours.close()

    def _live(self, dies_at: int | None, told: Connection) -> None:
        os.environ |= self.environment
        trial.MOST_TREES, logged_model.EXAMPLE = TREES, None  # MLflow predicts an example for seconds
        histories.UNNAMED_FOR, staging.ABANDONED_SECONDS = AT_ONCE, 0.0
        database, deaths = Database(DatabaseSettings()), Deaths(dies_at)
        with database.transaction() as session:
            waiting = retrainings.queued(session)
        assert waiting is not None
        Retrainer(database, LEASE_SECONDS).retrain(waiting, self._training(database).run)
        with self.versions(database).bundles as registry:
            delete_bundles(database, registry, AT_ONCE)
            prune_history(self.store(), registry, AT_ONCE)
        told.send(deaths.moments)

    def _training(self, database: Database) -> Training:
        store = self.store()
        shop, sources = self.folder / "shop.toml", Sources({}, nowhere)
        updates = Updating(lambda: read_shop(shop), sources, self.folder / "prepared", store, lambda _: [NOTHING])

        def known() -> Known:
            version = updates.bring_up_to_date().version
            return Known(version.name, NOW.astype(object))

        return Training(
            known,
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

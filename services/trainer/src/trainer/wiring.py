"""The trainer of a real process: every collaborator made from the settings in the environment.

What is heavy is imported where it is made, so that a worker that waits for work weighs little.
"""

import os
from typing import TYPE_CHECKING

from common.database.session import Database
from common.servers.queue import Queue
from common.servers.registry import Registry
from common.settings import DatabaseSettings, ObjectStoreSettings, QueueSettings, RegistrySettings, load
from trainer.data.settings import DataSettings
from trainer.retraining.retrain import Retrainer, Trained
from trainer.settings import TrainerSettings

if TYPE_CHECKING:
    from common.orders.shop.sections import Shop
    from trainer.data.history import TrainingData
    from trainer.registry.versions import Versions
    from trainer.retraining.training import Training
    from trainer.sources.raw.open import Sources
    from trainer.tracking import Tracking


def data_settings() -> DataSettings:
    """Where the training data lies; InvalidSettings."""
    return load(DataSettings)


def training_data() -> "TrainingData":
    """The prepared orders and places; InvalidInput says what to run first."""
    from trainer.data.prepared import read_prepared

    return read_prepared(data_settings().prepared)


def shop() -> "Shop":
    """The shop that SHOP_FILE names, else Olist's; InvalidShop."""
    from common.orders.shop.read import read_shop
    from trainer.sources.olist.shop import olist_shop

    settings = data_settings()
    return read_shop(settings.shop_file) if settings.shop_file else olist_shop(settings.dataset)


def sources() -> "Sources":
    """Opens what shop files name; the object store's settings are read when one of them names an object."""
    from common.servers.objects import ObjectStore
    from trainer.sources.raw.open import Sources

    return Sources(os.environ, lambda: ObjectStore(load(ObjectStoreSettings)))


def tracking() -> "Tracking":
    """Connects MLflow; RegistryUnavailable."""
    from trainer.tracking import Tracking

    return Tracking.connect(load(RegistrySettings).url.get_secret_value())


def versions() -> "Versions":
    """The registered versions; RegistryUnavailable."""
    from trainer.registry.versions import Versions

    database = Database(load(DatabaseSettings))
    return Versions(tracking(), bundles(), database)


def bundles() -> Registry:
    """Downloads and verifies the bundles of registered versions."""
    return Registry(load(RegistrySettings))


def queue() -> Queue:
    """Wakes the worker."""
    return Queue(load(QueueSettings))


def retrainer() -> Retrainer:
    """Claims retrainings and records how they end; InvalidSettings for what a training will need, too."""
    load(RegistrySettings), data_settings()
    return Retrainer(Database(load(DatabaseSettings)), load(TrainerSettings).lease_seconds)


def prepare_data() -> None:
    """Prepares the shop's orders as they are now."""
    from trainer.data.prepare import prepare

    prepare(shop(), sources(), data_settings().prepared)


def training() -> "Training":
    """The steps of a retraining."""
    from trainer.retraining.training import Training

    searches, trials = data_settings().searches, load(TrainerSettings).trials
    return Training(prepare_data, training_data, searches, trials, versions())


def train() -> Trained:
    """A whole training; what it needs is made when it begins."""
    return training().run()

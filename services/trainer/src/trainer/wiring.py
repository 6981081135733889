"""The trainer of a real process: every collaborator made from the settings in the environment.

What is heavy is imported where it is made, so that a worker that waits for work weighs little.
"""

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from common.database import retrainings
from common.database.present import is_replayed, present
from common.database.session import Database
from common.errors import DeliveryTimeError, InvalidInput, InvalidSettings
from common.servers.queue import Queue
from common.servers.registry import Registry
from common.servers.signatures import SigningKey
from common.settings import DatabaseSettings, ModeSettings, ObjectStoreSettings, QueueSettings, RegistrySettings, load
from trainer.data.settings import DataSettings
from trainer.retraining.retrain import Retrainer, Trained
from trainer.settings import TrainerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from common.orders.shop.prepared_shop import PreparedShop
    from common.orders.shop.sections import Shop
    from common.servers.reports import Reports
    from trainer.data.history import TrainingData
    from trainer.published.seen import Seen
    from trainer.published.update import Updating
    from trainer.registry.versions import Versions
    from trainer.retraining.training import Training
    from trainer.sources.raw.open import Sources
    from trainer.tracking import Tracking


def mode() -> ModeSettings:
    """Whether this is local or production; InvalidSettings."""
    return load(ModeSettings)


def data_settings() -> DataSettings:
    """Where the training data lies; InvalidSettings."""
    return load(DataSettings)


def training_data(with_seen: bool = False) -> "TrainingData":
    """The newest history in the object store, with what was prepared on this host; InvalidInput says what to run first.

    with_seen: add first what the system has seen of orders by now. Without an object store (OBJECT_STORE_ENDPOINT),
    what was prepared on this host.
    """
    from trainer.published.read import read_version

    if not has_object_store():
        return prepared_data()
    updates = history_updates()
    version = (updates.add_seen() if with_seen else updates.publish_waiting()) or updates.store.must_have()
    data = read_version(updates.store, version, _moment(datetime.now(UTC)))
    if not data.deliveries:
        raise InvalidInput("the history holds no delivery: there is nothing to learn")
    return data


def prepared_data() -> "TrainingData":
    """The orders and places that were prepared on this host; InvalidInput says what to run first."""
    from trainer.data.prepared import read_prepared

    return read_prepared(data_settings().prepared)


def has_object_store() -> bool:
    """Whether the settings name an object store: preparing and backtesting do without."""
    return bool(os.environ.get("OBJECT_STORE_ENDPOINT"))


def reports() -> "Reports":
    """Of what models learn from, where the console finds them; InvalidSettings."""
    from common.servers.history import HistoryStore
    from common.servers.objects import ObjectStore

    return HistoryStore(ObjectStore(load(ObjectStoreSettings))).reports


def history_updates() -> "Updating":
    """Brings the history in the object store up to date; InvalidSettings."""
    from common.servers.history import HistoryStore
    from common.servers.objects import ObjectStore
    from trainer.published.seen import read_seen
    from trainer.published.update import Updating

    database, objects = Database(load(DatabaseSettings)), ObjectStore(load(ObjectStoreSettings))

    def seen(of: "PreparedShop") -> "Iterator[Seen]":
        with bundles() as registry:

            def is_ours(version: str) -> bool:
                try:
                    return registry.bundle(version).manifest.shop.name == of.name
                except DeliveryTimeError:  # it is gone for its age
                    return True

            yield from read_seen(database, objects, of.facts, is_ours)

    return Updating(shop, sources(), data_settings().prepared, HistoryStore(objects), seen)


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

    database, key = Database(load(DatabaseSettings)), signing_key()
    return Versions(bundles(), database, tracking(), key)


def database() -> Database:
    """Postgres; InvalidSettings."""
    return Database(load(DatabaseSettings))


def signing_key() -> SigningKey | None:
    """By which new models are signed; None where nobody asks for that. InvalidSettings if it is missing, or another."""
    given, trusted = load(TrainerSettings).signing_key, load(RegistrySettings).trusted_keys
    if given is None and not trusted:
        return None
    if given is None:
        raise InvalidSettings({"TRAINER_SIGNING_KEY": "is not set, and models that nobody signed are not loaded"})
    key = SigningKey(given.get_secret_value())
    if trusted and key.public not in trusted:
        raise InvalidSettings({"TRAINER_SIGNING_KEY": f"its public key {key.public} is not in REGISTRY_TRUSTED_KEYS"})
    return key


def bundles() -> Registry:
    """Downloads and verifies the bundles of registered versions."""
    return Registry(load(RegistrySettings))


def queue() -> Queue:
    """Wakes the worker."""
    return Queue(load(QueueSettings))


def retrainer() -> Retrainer:
    """Claims retrainings and records how they end; InvalidSettings for what a training will need, too."""
    signing_key(), load(ObjectStoreSettings), data_settings()
    return Retrainer(Database(load(DatabaseSettings)), load(TrainerSettings).lease_seconds)


def ask_for_first_model() -> None:
    """Requests the first training of a shop that declares its days; a shop file may also come later, as in the demo."""
    from common.orders.shop.errors import InvalidShop

    try:
        declares = data_settings().shop_file is not None and shop().declared is not None
    except InvalidShop:
        return
    if declares:
        database = Database(load(DatabaseSettings))
        with database.transaction() as session:
            ever = datetime(2000, 1, 1, tzinfo=UTC)
            retrainings.request_unless(session, ever, "the shop declares its days, and no model was ever trained")
        database.close()


def training() -> "Training":
    """The steps of a retraining."""
    from trainer.published.read import read_version
    from trainer.retraining.training import Known, Training

    updates, registered = history_updates(), versions()

    def prepare() -> Known:
        with registered.database.transaction() as session:
            as_of, replayed = present(session), is_replayed(session)
        newest = updates.bring_up_to_date()
        return Known(newest.version.name, as_of.replace(tzinfo=None), replayed, newest.missing)

    def read(known: Known) -> "TrainingData":
        return read_version(updates.store, updates.store.version(known.version), _moment(known.as_of))

    return Training(prepare, read, data_settings().searches, load(TrainerSettings).trials, registered)


def _moment(moment: datetime) -> "np.datetime64":
    import numpy as np

    return np.datetime64(moment.replace(tzinfo=None), "s")


def train() -> Trained:
    """A whole training; what it needs is made when it begins."""
    return training().run()

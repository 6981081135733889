"""The trainer of a real process: every collaborator made from the settings in the environment."""

from common.database.session import Database
from common.servers.queue import Queue
from common.settings import DatabaseSettings, QueueSettings, load
from trainer.retraining.retrain import Retrainer
from trainer.settings import TrainerSettings


def retrainer() -> Retrainer:
    """Carries out retrainings; InvalidSettings."""
    return Retrainer(Database(load(DatabaseSettings)), load(TrainerSettings).lease_seconds)


def queue() -> Queue:
    """Wakes this worker; InvalidSettings."""
    return Queue(load(QueueSettings))

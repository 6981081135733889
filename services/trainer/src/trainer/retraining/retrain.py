"""Carry out a retraining: prepare, search, register. The gate decides on the model, the row records how it ended."""

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from uuid import UUID

from common.database import retrainings
from common.database.leases import LeaseKeeper
from common.database.retrainings import Claim
from common.database.session import Database

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trained:
    """The registered version, and what the gate said of it."""

    model_version: str
    outcome: str


@dataclass(frozen=True)
class Retrainer:
    """Claims retrainings and carries them out; a lease of `lease_seconds` is renewed while one runs."""

    database: Database
    lease_seconds: float

    def retrain(self, retraining_id: int, train: Callable[[], Trained]) -> None:
        """Train once for a queued row; a row that another worker took, or that has ended, is left alone."""
        with self.database.transaction() as session:
            claimed = retrainings.claim(session, retraining_id, self.lease_seconds)
        if claimed is None:
            logger.info("retraining %s is not queued, nothing to do", retraining_id)
            return
        self.carry_out(claimed, train)

    def begin(self, reason: str) -> Claim | None:
        """Claim the retraining that is queued, else a new one; None while another one runs."""
        with self.database.transaction() as session:
            return retrainings.begin(session, reason, self.lease_seconds)

    def carry_out(self, claimed: Claim, train: Callable[[], Trained]) -> Trained:
        """Train for a running row and record how it ended: `succeeded` with version and outcome, or `failed` with the
        reason, which is raised again."""
        try:
            with LeaseKeeper(self._renew, self.lease_seconds).running() as keeper, keeper.kept(claimed.mark):
                trained = train()
        except Exception as error:
            self._finish(claimed, retrainings.FAILED, str(error))
            raise
        self._finish(claimed, retrainings.SUCCEEDED, trained.outcome, trained.model_version)
        return trained

    def _renew(self, marks: Collection[UUID]) -> None:
        with self.database.transaction() as session:
            retrainings.renew(session, marks, self.lease_seconds)

    def _finish(self, claimed: Claim, status: str, outcome: str, model_version: str | None = None) -> None:
        with self.database.transaction() as session:
            retrainings.finish(session, claimed, status, outcome, model_version)


def train_from_settings() -> Trained:
    """All three steps, on the data and with the number of trials that the settings say."""
    prepare_data()
    search_params()
    return register_best()


def prepare_data() -> None:
    """Prepare the data store from the nine files as they are now."""
    from common.settings import load
    from trainer.data.prepare import prepare
    from trainer.data.settings import DataSettings

    data = load(DataSettings)
    prepare(data.dataset, data.prepared)


def search_params() -> None:
    """Search with as many trials as the settings say."""
    from common.settings import load
    from trainer.data.settings import DataSettings
    from trainer.search.search import search
    from trainer.settings import TrainerSettings

    search(load(DataSettings).data_dir, load(TrainerSettings).trials)


def register_best() -> Trained:
    """Register the best trial; the gate decides on its alias."""
    from common.settings import load
    from trainer.data.settings import DataSettings
    from trainer.registry.register import register

    made = register(load(DataSettings).data_dir)
    return Trained(made.version, f"{made.alias}: {made.reason}")

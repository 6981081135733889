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

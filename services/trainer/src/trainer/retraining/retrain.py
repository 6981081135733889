"""Retrain because the monitor asked for it: prepare, search, register; the gate decides, the row records."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Executable, func, select, update
from sqlalchemy.dialects.postgresql import insert

from common.database.session import transaction
from common.database.tables import Retraining
from trainer.retraining import lease
from trainer.retraining.lease import Claimed

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Made:
    """What a retraining made: the version, and the gate's words on it."""

    model_version: str
    outcome: str


def retrain(retraining_id: int, train: Callable[[], Made]) -> None:
    """Train once for a queued row; a row that another worker took, or that has ended, is left alone.

    However training ends, the row says so: `succeeded` with version and outcome, or `failed` with the reason.
    """
    claimed = _take(retraining_id)
    if claimed is None:
        logger.info("retraining %s is not queued, nothing to do", retraining_id)
        return
    carry_out(claimed, train)


def begin(reason: str) -> Claimed | None:
    """The retraining that is queued, or else a new one, running already; None if another one is running."""
    with transaction() as session:
        queued = session.scalar(select(Retraining.id).where(Retraining.status == "queued"))
    if queued is not None and (claimed := _take(queued)):
        return claimed
    claim = uuid4()
    statement = insert(Retraining).values(reason=reason, attempts=1, **_running(claim))
    return _claimed(statement.on_conflict_do_nothing().returning(Retraining.id), claim)


def carry_out(claimed: Claimed, train: Callable[[], Made]) -> Made:
    """Train for a running row, and say in it how training ended; what was raised is raised on."""
    try:
        with lease.kept(claimed):
            made = train()
    except Exception as error:
        _end(claimed, status="failed", outcome=str(error))
        raise
    _end(claimed, status="succeeded", model_version=made.model_version, outcome=made.outcome)
    return made


def train_from_settings() -> Made:
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


def register_best() -> Made:
    """Register the best trial; the gate decides on its alias."""
    from common.settings import load
    from trainer.data.settings import DataSettings
    from trainer.registry.register import register

    made = register(load(DataSettings).data_dir)
    return Made(made.version, f"{made.alias}: {made.reason}")


def _take(retraining_id: int) -> Claimed | None:
    """Compare and set: queued becomes running, for one worker only."""
    claim = uuid4()
    wanted = (Retraining.id == retraining_id) & (Retraining.status == "queued")
    values = {"attempts": Retraining.attempts + 1, **_running(claim)}
    return _claimed(update(Retraining).where(wanted).values(values).returning(Retraining.id), claim)


def _running(claim: UUID) -> dict[str, Any]:
    return {
        "status": "running",
        "started_at": func.now(),
        "claim": claim,
        "lease_expires_at": lease.fresh(),
    }


def _claimed(statement: Executable, claim: UUID) -> Claimed | None:
    with transaction() as session:
        found = session.scalar(statement)
    return None if found is None else Claimed(found, claim)


def _end(claimed: Claimed, **values: str) -> None:
    """Write how it ended, unless the monitor gave this process up meanwhile."""
    held = (Retraining.id == claimed.id) & (Retraining.claim == claimed.claim)
    with transaction() as session:
        session.execute(update(Retraining).where(held).values(finished_at=func.now(), **values))

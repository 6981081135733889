"""A retraining in work says so again and again; when its process dies its lease runs out, and it is begun anew."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.exc import DBAPIError

from common.database.session import transaction
from common.database.tables import Retraining
from common.settings import load
from trainer.settings import TrainerSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Claimed:
    """A retraining that this process carries out: the row's id, and the mark by which the row knows it."""

    id: int
    claim: UUID


def fresh() -> object:
    """When a lease that is given now runs out, as SQL."""
    return func.now() + func.make_interval(0, 0, 0, 0, 0, 0, load(TrainerSettings).lease_seconds)


@contextmanager
def kept(claimed: Claimed) -> Iterator[None]:
    """Renew the lease, three times in its length, while the block runs."""
    ended = Event()
    keeper = Thread(target=_keep, args=(claimed, ended), daemon=True)
    keeper.start()
    try:
        yield
    finally:
        ended.set()
        keeper.join()


def _keep(claimed: Claimed, ended: Event) -> None:
    while not ended.wait(load(TrainerSettings).lease_seconds / 3):
        held = (Retraining.id == claimed.id) & (Retraining.claim == claimed.claim)
        try:
            with transaction() as session:
                session.execute(update(Retraining).where(held).values(lease_expires_at=fresh()))
        except DBAPIError as error:
            log.warning("the lease was not renewed: %s", error.orig)

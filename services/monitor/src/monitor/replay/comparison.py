"""What a retraining within a replay was worth: errors on the orders that the replay played after it."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from sqlalchemy import select

from common.database.retrainings import QUEUED, RUNNING
from common.database.session import Database
from common.database.tables import Retraining
from common.errors import DeliveryTimeError
from common.model import quality
from common.model.bundle import Bundle
from common.model.predictor import Predictor
from common.servers.registry import Registry
from monitor.windows.history import PastOrders, past_pace, scored
from monitor.windows.windows import Window

FEWEST_JUDGED = 30
POLL_SECONDS = 1.0
PAGE = 50


@dataclass(frozen=True)
class Compared:
    """A model's mean absolute error in days on the judged orders; known_until: of what it had learned."""

    what: str
    version: str
    known_until: datetime
    mae: float


@dataclass(frozen=True)
class Comparison:
    """The models on the orders bought from `start` to `end`; missing: why one of them is not there."""

    start: datetime
    end: datetime
    orders: int
    models: tuple[Compared, ...]
    missing: tuple[str, ...] = ()


def retraining_since(database: Database, moment: datetime, seconds: float) -> Retraining | None:
    """The newest retraining that was requested since a moment, once it has ended; None if there is none.

    One that has not ended after so many seconds is given as it is.
    """
    deadline = time.monotonic() + seconds
    while True:
        with database.transaction() as session:
            newest = session.scalar(
                select(Retraining).where(Retraining.requested_at >= moment).order_by(Retraining.id.desc()).limit(1)
            )
        if newest is None or newest.status not in (QUEUED, RUNNING) or time.monotonic() > deadline:
            return newest
        time.sleep(POLL_SECONDS)


def compare(past: PastOrders, registry: Registry, before: Bundle, retrained: str, end: datetime) -> Comparison:
    """The champion before the replay, the retrained version, and one that learned from later than the replay's end, on
    the orders bought after the retraining (end: of the replay, UTC without zone)."""
    new = registry.bundle(retrained)
    start = known_until(new)
    judged = past.within(Window(start, end.replace(tzinfo=UTC)))
    arrived = PastOrders(judged.table[judged.table["delivered_timestamp"].notna()], past.shop)
    if len(arrived.table) < FEWEST_JUDGED:
        few = f"only {len(arrived.table)} orders were bought after the retraining: let the replay go on for longer"
        return Comparison(start, end, len(arrived.table), (), (few,))
    models = {"champion before the replay": before, "retrained within it": new}
    seer = next(_seers(registry, past, end), None)
    if seer:
        models["has seen the future"] = seer
    missing = () if seer else ("no version has seen the future of the replay: `trainer register-model` makes one",)
    compared = tuple(
        Compared(what, model.version, known_until(model), _mae(past, arrived, model)) for what, model in models.items()
    )
    return Comparison(start, end, len(arrived.table), compared, missing)


def known_until(bundle: Bundle) -> datetime:
    """Until when a model had learned of deliveries."""
    learned = bundle.manifest.training_window
    return datetime.fromisoformat(learned.get("known_until", learned["end"])).replace(tzinfo=UTC)


def _seers(registry: Registry, past: PastOrders, end: datetime) -> Iterator[Bundle]:
    """Versions of this shop that learned of deliveries after the replay's end, newest first."""
    versions, _ = registry.versions(PAGE)
    for found in versions:
        try:
            bundle = registry.bundle(found.version)
        except DeliveryTimeError:
            continue
        if bundle.manifest.shop.name == past.shop.name and known_until(bundle) > end.replace(tzinfo=UTC):
            yield bundle


def _mae(past: PastOrders, judged: PastOrders, model: Bundle) -> float:
    """With the delivery pace of each day as it was known then."""
    days = scored(judged, Predictor(model, pace=past_pace(past, model))).days
    return quality.mae(days["actual_days"].to_numpy(np.float64), days["prediction"].to_numpy(np.float64))

"""The three steps of a retraining, with what they need."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from trainer.data.history import TrainingData
from trainer.evaluation.holdouts import has_enough
from trainer.registry.register import register, same_model
from trainer.registry.start import start
from trainer.registry.versions import Versions
from trainer.retraining.retrain import Trained
from trainer.search.search import MOST_ORDERS, search


@dataclass(frozen=True)
class Known:
    """What a retraining learns from: a version of the history, as it was known at a moment (UTC, without zone).

    is_replayed: whether that is a replay's present. missing: what is not in it, '' if all is.
    """

    version: str
    as_of: datetime
    is_replayed: bool = False
    missing: str = ""


@dataclass(frozen=True)
class Training:
    """Bring the history up to date, search with this many trials, register the best one.

    read: the orders of a version of the history. searches: where unfinished searches are kept.
    """

    prepare: Callable[[], Known]
    read: Callable[[Known], TrainingData]
    searches: Path
    trials: int
    versions: Versions

    def run(self) -> Trained:
        """All three steps, on one and the same version of the history."""
        known = self.prepare()
        self.search(known)
        return self.register(known)

    def search(self, known: Known) -> None:
        """Search the parameters, if there are deliveries enough to search by."""
        data = self.read(known)
        if has_enough(data):
            search(data, self.searches, self.trials)

    def register(self, known: Known) -> Trained:
        """Register the best trial, on whose alias the gate decides; nothing if the same model is there already.

        With too few deliveries, what the shop declares.
        """
        data = self.read(known)
        if not has_enough(data):
            return Trained(*start(data, self.versions))
        without = f" (without the shop's source: {known.missing})" if known.missing else ""
        if version := same_model(data, self.versions):
            return Trained(
                version,
                f"nothing new to learn{without}: version {version} was made from the same orders by the same search; "
                "bring new orders to where the shop file (or OLIST_DIR) says they are, or raise TRAINER_TRIALS",
            )
        registered = register(data, self.versions, as_of=known.as_of if known.is_replayed else None)
        sample = f" (learned from {data.extent}, searched on {MOST_ORDERS:,})" if data.sampled_from else ""
        return Trained(registered.version, f"{registered.alias}: {registered.reason}{sample}{without}")

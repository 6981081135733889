"""The three steps of a retraining, with what they need."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from trainer.data.history import TrainingData
from trainer.registry.register import register, same_model
from trainer.registry.versions import Versions
from trainer.retraining.retrain import Trained
from trainer.search.search import search


@dataclass(frozen=True)
class Training:
    """Prepare the shop's orders as they are now, search with this many trials, register the best one.

    read: the training data, once it is prepared. searches: where unfinished searches are kept.
    """

    prepare: Callable[[], None]
    read: Callable[[], TrainingData]
    searches: Path
    trials: int
    versions: Versions

    def run(self) -> Trained:
        """All three steps."""
        self.prepare()
        self.search()
        return self.register()

    def search(self) -> None:
        """Search the parameters on the prepared data."""
        search(self.read(), self.searches, self.trials)

    def register(self) -> Trained:
        """Register the best trial, on whose alias the gate decides; nothing if the same model is there already."""
        data = self.read()
        if version := same_model(data, self.versions):
            return Trained(
                version,
                f"nothing new to learn: version {version} was made from the same orders by the same search; "
                "bring new orders to where the shop file (or OLIST_DIR) says they are, or raise TRAINER_TRIALS",
            )
        registered = register(data, self.versions)
        return Trained(registered.version, f"{registered.alias}: {registered.reason}")

"""Which orders the search and the gate are judged on: spans in time order, none seen before its turn."""

from dataclasses import dataclass

import numpy as np

from common.arrays import Bools
from common.errors import InvalidInput
from common.model.time_scale import TimeScale
from trainer.data.history import DAY, History, TrainingData, as_datetime, end_of
from trainer.model.forecast import span
from trainer.model.table import scale_of

FEWEST_DAYS, MOST_DAYS = 14, 60
"""The most grows with the shop's slowness."""

FOLDS = 2

LONGEST_SHARE = 1 / 8
"""Of the data's time that one holdout takes at most."""

FEWEST_KNOWN = 200
"""Below this many known deliveries there is nothing to trust: `register-model` says so."""

FEWEST_JUDGED = 50


@dataclass(frozen=True)
class Holdout:
    """Orders bought from `start` until before `end`; a model for them learns what was known at `start`."""

    start: np.datetime64
    end: np.datetime64

    def orders(self, history: History) -> Bools:
        """The holdout's delivered orders."""
        return history.bought_in(self.start, self.end) & ~np.isnat(history.delivered)

    def __str__(self) -> str:
        return f"{as_datetime(self.start):%Y-%m-%d}..{as_datetime(self.end):%Y-%m-%d}"


def holdout_days(history: History, scale: TimeScale) -> int:
    """How long a holdout is: some typical deliveries, two weeks at least, within what the data's time allows."""
    purchases = history.orders.purchase_timestamp
    longest = int((purchases[-1] - purchases[0]) / DAY * LONGEST_SHARE)
    return max(min(max(round(6 * scale.typical), FEWEST_DAYS), round(MOST_DAYS * scale.slowness**0.5), longest), 1)


def gate_holdout(history: History, scale: TimeScale, champion_cutoff: np.datetime64 | None = None) -> Holdout:
    """The newest holdout whose orders have had time to arrive; InvalidInput if the data is too short for one.

    Of what the champion could not know, half teaches the candidate and half judges both: without anything new to learn
    a candidate could not win. Half of a short time says too little: below a third of a holdout, a whole one is taken.
    """
    newest_purchase = history.orders.purchase_timestamp[-1] + np.timedelta64(1, "s")
    end = min(newest_purchase, end_of(history) - span(scale.settling))
    whole = days = holdout_days(history, scale)
    if champion_cutoff is not None:
        unseen = int((end - champion_cutoff) / DAY) // 2
        days = min(unseen, whole) if unseen >= whole / 3 else whole
    return _usable(history, Holdout(end - days * DAY, end))


def folds(history: History, scale: TimeScale) -> list[Holdout]:
    """The search's holdouts, oldest first: those before the gate's, which the search must not see."""
    end, length = gate_holdout(history, scale).start, holdout_days(history, scale) * DAY
    starts = [end - (number + 1) * length for number in reversed(range(FOLDS))]
    return [_usable(history, Holdout(start, start + length)) for start in starts]


def has_enough(data: TrainingData) -> bool:
    """Whether there are deliveries enough to search, train and judge a model by."""
    if not data.deliveries:
        return False
    try:
        folds(data.history, scale_of(data.history))
    except InvalidInput:
        return False
    return True


def _usable(history: History, holdout: Holdout) -> Holdout:
    known, judged = int(history.known_at(holdout.start).sum()), int(holdout.orders(history).sum())
    if known < FEWEST_KNOWN or judged < FEWEST_JUDGED:
        raise InvalidInput(
            f"the window {holdout} has {known} deliveries known before it and {judged} in it, at least {FEWEST_KNOWN} "
            f"and {FEWEST_JUDGED} are needed: prepare orders of a longer time"
        )
    return holdout

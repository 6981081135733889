"""Which orders the search and the gate are judged on: spans in time order, none seen before its turn."""

from dataclasses import dataclass

import numpy as np

from common.arrays import Bools
from common.errors import InvalidInput
from trainer.data.history import DAY, History, as_datetime, end_of

HOLDOUT_DAYS = 60
FEWEST_DAYS = 20
FOLDS = 2

SETTLING_DAYS = 45
"""Orders younger than this when the data was taken are in no holdout: the slow ones among them are missing."""

FEWEST_KNOWN = 300
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


def gate_holdout(history: History, champion_cutoff: np.datetime64 | None = None) -> Holdout:
    """The newest holdout whose orders have had time to arrive; InvalidInput if the data is too short for one.

    Of what the champion could not know, half teaches the candidate and half judges both: without anything new to learn
    a candidate could not win. Half of a short time says too little: below FEWEST_DAYS, HOLDOUT_DAYS are taken.
    """
    newest_purchase = history.orders.purchase_timestamp[-1] + np.timedelta64(1, "s")
    end = min(newest_purchase, end_of(history) - SETTLING_DAYS * DAY)
    days = HOLDOUT_DAYS
    if champion_cutoff is not None:
        unseen = int((end - champion_cutoff) / DAY) // 2
        days = min(unseen, HOLDOUT_DAYS) if unseen >= FEWEST_DAYS else HOLDOUT_DAYS
    return _usable(history, Holdout(end - days * DAY, end))


def folds(history: History) -> list[Holdout]:
    """The search's holdouts, oldest first: those before the gate's, which the search must not see."""
    end = gate_holdout(history).start
    starts = [end - (number + 1) * HOLDOUT_DAYS * DAY for number in reversed(range(FOLDS))]
    return [_usable(history, Holdout(start, start + HOLDOUT_DAYS * DAY)) for start in starts]


def _usable(history: History, holdout: Holdout) -> Holdout:
    known, judged = int(history.known_at(holdout.start).sum()), int(holdout.orders(history).sum())
    if known < FEWEST_KNOWN or judged < FEWEST_JUDGED:
        raise InvalidInput(
            f"the window {holdout} has {known} deliveries known before it and {judged} in it, at least {FEWEST_KNOWN} "
            f"and {FEWEST_JUDGED} are needed: prepare orders of a longer time"
        )
    return holdout

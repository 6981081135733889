"""A history with everything about its orders that many fits need and none changes."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from common.arrays import Bools, Floats
from common.errors import InvalidInput
from common.model.calendars import Calendars, Days, days_in, starts_of, worked_in
from common.model.features import FEATURE_NAMES, Further, features
from common.model.manifest import Calendar
from common.model.pace import Level, PaceTable, pace_table
from common.model.time_scale import TimeScale
from common.orders.clock import Clock
from common.orders.shop.prepared_shop import PreparedShop
from common.orders.shop.sections import Facts
from trainer.data.history import DAY, History, TrainingData, as_datetime, end_of
from trainer.map.draw import draw_map
from trainer.model.calendar import learn_calendar
from trainer.model.located import Located

UNLOCATED = 0.5

SELDOM = 0.01
"""Share of the deliveries that lack a numeric fact, below which the trees learn nothing of its lack."""


def scale_of(history: History) -> TimeScale:
    """The time scale of the deliveries that are known."""
    return TimeScale.of_median(float(np.nanmedian(history.days)))


@dataclass(frozen=True)
class TrainingTable:
    """n orders, computed once for many fits.

    local: datetime64[s] (n,), purchases as on the shop's clock. columns: float32 (n, features), all but those that a
    fit learns (see `trainer.model.usual`). log_level: float64 (n,), the pace as the logarithm of its factor.
    further_names: of the columns behind those of every order.
    """

    history: History
    shop: PreparedShop
    facts: Facts
    scale: TimeScale
    local: NDArray[np.datetime64]
    located: Located
    pace: PaceTable
    further: Further
    columns: NDArray[np.float32]
    log_level: Floats
    calendar: Calendar
    calendars: Calendars
    further_names: tuple[str, ...] = ()

    @classmethod
    def of(cls, data: TrainingData, known_until: np.datetime64 | None = None) -> "TrainingTable":
        """Features and the causal delivery pace up to the day the data was taken.

        known_until: what the shop's time scale, calendar and map are learned from is known by then; by default all is.
        Who judges a model on later orders must not have learned from them.
        """
        history, shop = data.history, data.shop
        clock = Clock(shop.time_zone)
        known = ~np.isnat(history.delivered) if known_until is None else history.known_at(known_until)
        if not known.any():
            raise InvalidInput(f"no delivery was known at {known_until}: choose a later day")
        scale = TimeScale.of_median(float(np.median(history.days[known])))
        drawn = draw_map(data if known_until is None else data.bought_before(known_until), scale)
        located = Located.of(history.orders, drawn.geography, data.facts.category)
        local = clock.local(history.orders.purchase_timestamp)
        delivered = local + (history.delivered - history.orders.purchase_timestamp)
        until = as_datetime(clock.local(np.array([end_of(history)]))[0]).date()
        group = drawn.geography.regions.group[located.destination.region]
        pace = pace_table(local, delivered, group, located.same_region, drawn.pace_groups, scale, until)
        level = Level(pace, drawn.geography.regions.group).of(local, located.destination.region, located.same_region)
        countries = {
            country
            for end in ("origin", "destination")
            if (texts := history.orders.texts.get(f"{end}_country"))
            for country in texts.values
        }
        first = as_datetime(local[0]).date()
        calendar = learn_calendar(shop.country, countries, shop.weekend, first, delivered[known], scale)
        calendar = replace(calendar, handling_days=_handling_days(history.where(known)))
        further = Further(scale.within_a_day, data.facts.numeric, _stand_ins(history.where(known), data.facts.numeric))
        columns = features(
            located.origin, located.destination, located.same_region, local, history.orders.numbers, further
        )
        return cls(
            history,
            shop,
            data.facts,
            scale,
            local,
            located,
            pace,
            further,
            columns,
            np.log(level),
            calendar,
            Calendars.of(calendar, shop.country),
        )

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return (*FEATURE_NAMES, *self.further.names, *self.further_names)

    def presumed_lost(self, moment: np.datetime64) -> Bools:
        """The orders that have been under way at that moment for longer than the scale's `lost`."""
        oldest = moment - np.timedelta64(round(self.scale.lost * 86_400), "s")
        return ~self.history.known_at(moment) & (self.history.orders.purchase_timestamp < oldest)

    @cached_property
    def unlocated(self) -> tuple[str, ...]:
        """The ends that differ and of which most orders have no coordinates, so that the trees would not see them."""
        ends = {"origin": self.located.origin, "destination": self.located.destination}
        return tuple(
            name for name, end in ends.items() if np.isnan(end.lat).mean() > UNLOCATED and np.ptp(end.place) > 0
        )

    @cached_property
    def target(self) -> Floats:
        """log(working days / level), NaN while under way."""
        return self.log_worked(self.history.days) - self.log_level

    def log_worked(self, days: Floats, chosen: Bools | slice = slice(None)) -> Floats:
        """log of the working days within that many days of the chosen orders' purchases."""
        followed = self._followed(chosen)
        worked = worked_in(followed, starts_of(followed, self.local[chosen]), days)
        return np.log(np.maximum(worked, self.scale.floor))

    def days(self, worked: Floats, chosen: Bools | slice = slice(None)) -> Floats:
        """The days that so many working days take from the chosen orders' purchases on."""
        followed = self._followed(chosen)
        return days_in(followed, starts_of(followed, self.local[chosen]), worked)

    def _followed(self, chosen: Bools | slice) -> list[tuple[Days, Bools | slice]]:
        countries = [self.history.orders.texts.get(f"{end}_country") for end in ("origin", "destination")]
        if not isinstance(chosen, slice):
            countries = [texts and texts.where(chosen) for texts in countries]
        return list(self.calendars.each(*countries))


def _stand_ins(known: History, facts: tuple[str, ...]) -> dict[str, float]:
    """The medians of the facts that next to no delivery lacks."""
    given = {name: known.orders.numbers[name] for name in facts if name in known.orders.numbers}
    return {name: float(np.nanmedian(numbers)) for name, numbers in given.items() if np.isnan(numbers).mean() < SELDOM}


def _handling_days(known: History) -> float:
    """How long it mostly takes from the purchase to the hand-over; 0 where no order says it."""
    if known.shipped is None:
        return 0.0
    days = (known.shipped - known.orders.purchase_timestamp) / DAY
    usable = days[(days >= 0) & (days <= known.days)]
    return float(np.median(usable)) if len(usable) else 0.0

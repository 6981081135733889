"""Which days an order follows: those of its destination's country, and until its hand-over those of its origin's."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from common.arrays import Bools, Floats
from common.model.manifest import Calendar
from common.model.working_time import WorkingTime
from common.orders.texts import Texts


@dataclass(frozen=True, slots=True)
class UntilHandOver:
    """Working time of an order that crosses a border: as `WorkingTime`, of whose calendars both begin on one day."""

    origin: WorkingTime
    destination: WorkingTime
    handling_days: float

    def start(self, moment: NDArray[np.datetime64]) -> Floats:
        """Where n moments lie on the calendars, in days."""
        return self.destination.start(moment)

    def worked(self, start: Floats, days: Floats) -> Floats:
        """Working days in n spans of days, each from its start; NaN stays NaN."""
        here = np.minimum(days, self.handling_days)
        return self.origin.worked(start, here) + self.destination.worked(start + here, days - here)

    def days(self, start: Floats, worked: Floats) -> Floats:
        """The inverse of `worked`."""
        handling = self.origin.worked(start, np.full(len(start), self.handling_days))
        here = self.origin.days(start, np.minimum(worked, handling))
        there = self.destination.days(start + self.handling_days, np.maximum(worked - handling, 0.0))
        return np.where(worked < handling, here, self.handling_days + there)

    def start_of_one(self, moment: datetime) -> float:
        """`start` of one moment without zone."""
        return self.destination.start_of_one(moment)

    def worked_of_one(self, start: float, days: float) -> float:
        """`worked` of one span."""
        here = min(days, self.handling_days)
        return self.origin.worked_of_one(start, here) + self.destination.worked_of_one(start + here, days - here)

    def days_of_one(self, start: float, worked: float) -> float:
        """`days` of one span."""
        handling = self.origin.worked_of_one(start, self.handling_days)
        if worked < handling:
            return self.origin.days_of_one(start, worked)
        return self.handling_days + self.destination.days_of_one(start + self.handling_days, worked - handling)


Days = WorkingTime | UntilHandOver


@dataclass(frozen=True, slots=True)
class Calendars:
    """Working time by country. own: the shop's country's, of orders that name none. handling_days: until the hand-over;
    0 where that is not known, or was before."""

    by_country: dict[str, WorkingTime]
    own: WorkingTime
    handling_days: float = 0.0

    @classmethod
    def of(cls, calendar: Calendar, country: str) -> "Calendars":
        """The calendars of a shop in that country; all begin and end with the same years."""
        known = [int(day[:4]) for days in calendar.holidays.values() for day in (days[:1] + days[-1:])]
        years = (min(known), max(known)) if known else None
        by_country = {
            each: WorkingTime(map(date.fromisoformat, days), calendar.week, calendar.holiday, years)
            for each, days in calendar.holidays.items()
        }
        return cls(by_country, by_country[country], calendar.handling_days)

    def from_hand_over(self) -> "Calendars":
        """The same for orders that begin with their hand-over."""
        return replace(self, handling_days=0.0)

    def of_one(self, origin: str | None, destination: str | None) -> Days:
        """The days of an order from a country to another."""
        there = self.by_country.get(destination, self.own) if destination else self.own
        if not self.handling_days:
            return there
        here = self.by_country.get(origin, self.own) if origin else self.own
        return there if here is there else UntilHandOver(here, there, self.handling_days)

    def each(self, origins: Texts | None, destinations: Texts | None) -> Iterator[tuple[Days, Bools | slice]]:
        """The days of n orders, by the countries that they name, each with the orders that follow them."""
        every = [self.own, *(each for each in self.by_country.values() if each is not self.own)]
        here = self._numbers(origins, every) if self.handling_days else None
        there = self._numbers(destinations, every)
        if here is None and there is None:
            yield self.own, slice(None)
            return
        pairs = np.asarray((0 if here is None else here * len(every)) + (0 if there is None else there))
        for pair in np.flatnonzero(np.bincount(pairs)).tolist():
            origin, destination = (every[number] for number in divmod(pair, len(every)))
            crosses = self.handling_days and origin is not destination
            chosen: Bools = pairs == pair
            yield UntilHandOver(origin, destination, self.handling_days) if crosses else destination, chosen

    def _numbers(self, countries: Texts | None, every: Sequence[WorkingTime]) -> NDArray[np.int64] | None:
        """Which of the calendars n countries have, the first where they are unknown; None if all have the first."""
        values = countries.values if countries else ()
        number = [every.index(self.by_country.get(country, self.own)) for country in values]
        return countries.gather(np.array(number, dtype=np.int64), 0) if countries and any(number) else None


def starts_of(calendars: Iterable[tuple[Days, Bools | slice]], moments: NDArray[np.datetime64]) -> Floats:
    """`start` of n orders, by the days that they follow (see `Calendars.each`)."""
    start = np.empty(len(moments))
    for days, chosen in calendars:
        start[chosen] = days.start(moments[chosen])
    return start


def worked_in(calendars: Iterable[tuple[Days, Bools | slice]], start: Floats, days: Floats) -> Floats:
    """`worked` of the same."""
    worked = np.empty(len(days))
    for calendar, chosen in calendars:
        worked[chosen] = calendar.worked(start[chosen], days[chosen])
    return worked


def days_in(calendars: Iterable[tuple[Days, Bools | slice]], start: Floats, worked: Floats) -> Floats:
    """`days` of the same."""
    days = np.empty(len(worked))
    for calendar, chosen in calendars:
        days[chosen] = calendar.days(start[chosen], worked[chosen])
    return days

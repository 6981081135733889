"""The shop's own time scale: what counts as short, long, recent or lost follows from how long its deliveries take.

Every span is a multiple of the typical days, the shop's median rounded to a preferred number (Renard's series R10, ISO
3), so that a few orders more or less change nothing. Where the typical order takes ten days, the spans are those that
were measured best in such a shop; where it takes minutes or months, the same multiples hold.
"""

import math
from dataclasses import dataclass

USUAL = 10.0
"""Typical days where all spans were measured."""

PREFERRED = (1.0, 1.25, 1.6, 2.0, 2.5, 3.15, 4.0, 5.0, 6.3, 8.0)


@dataclass(frozen=True, slots=True)
class TimeScale:
    """typical: days that a typical order takes, a preferred number. All spans are in days."""

    typical: float

    @classmethod
    def of_median(cls, days: float) -> "TimeScale":
        """The scale of a shop whose deliveries take that many days in the median."""
        power = 10.0 ** math.floor(math.log10(max(days, 1e-6)))
        steps = [*PREFERRED, 10.0]
        nearest = min(steps, key=lambda step: abs(math.log(step * power / max(days, 1e-6))))
        return cls(float(f"{nearest * power:.4g}"))

    @property
    def decimals(self) -> int:
        """Of days in answers: two, and more where the typical order takes less than a day."""
        return min(max(2, 2 - math.floor(math.log10(self.typical))), 6)

    @property
    def shortest(self) -> float:
        """Durations below it count as long as it in the pace."""
        return 0.05 * self.typical

    @property
    def horizon(self) -> float:
        """Durations above it count as long as it in the pace."""
        return 2.5 * self.typical

    @property
    def floor(self) -> float:
        """Working days; shorter deliveries count as this long, so that their logarithm is finite."""
        return 0.005 * self.typical

    @property
    def slowness(self) -> float:
        """By how much what is measured in days of memory is longer than where the typical order takes USUAL days; never
        shorter: habits last as long where deliveries take minutes."""
        return max(1.0, self.typical / USUAL)

    @property
    def within_a_day(self) -> bool:
        """Whether the typical order arrives on the day it was bought, so that the hour counts and the calendar does
        not."""
        return self.typical < 0.5

    @property
    def pace_window(self) -> int:
        """Days whose orders give a day's pace: a week at least, for every week has its own rhythm."""
        return max(7, round(2.2 * self.typical))

    @property
    def too_recent(self) -> float:
        """Orders of the last days before a cut-off do not teach: only their fast deliveries are known."""
        return self.typical

    @property
    def settling(self) -> float:
        """Orders younger than this when the data was taken are in no holdout: the slow ones among them are missing."""
        return 4.5 * self.typical

    @property
    def lost(self) -> float:
        """Orders older than this that have not arrived give the share that never does."""
        return 6 * self.typical

    @property
    def calibration(self) -> float:
        """Length of the window before a cut-off whose orders calibrate: a month at least."""
        return max(30.0, 9 * self.typical)

    @property
    def look_back(self) -> int:
        """Days after which an order changes no pace any more."""
        return max(30, round(12 * self.typical))

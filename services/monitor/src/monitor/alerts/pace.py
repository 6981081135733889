"""The delivery pace: slower than the model has seen, the earliest sign of a wave of delays; or one owner's work."""

from collections.abc import Iterator

import numpy as np

from common.database.alerts import Finding
from common.model.pace import FEWEST_ORDERS
from monitor.alerts.check import Check, Situation

SLOW_QUANTILE = 0.95

NO_KEY = "no key"
"""What orders are called that were asked for without one."""


class PaceOutOfRange(Check):
    """Opens when a region's pace exceeds, by the factor `opens`, that quantile of the days learned from.

    Measured: opens in two regions on the first day of the wave of February 2018, in four within 18 days, in none in
    the calm August and September 2017. With the highest day in place of the quantile it would open a month late.
    """

    name = "pace-out-of-range"
    severity = "warning"
    opens = 1.05
    closes = 1.0

    def findings(self, situation: Situation) -> Iterator[Finding]:
        """One finding for each group with enough orders both in the training data and on the newest day."""
        if situation.pace is None:
            return
        learned, present = situation.pace.learned, situation.pace.present
        for number, region in enumerate(present.groups):
            days = learned.pace[learned.orders[:, number] >= FEWEST_ORDERS, number]
            if present.orders[-1, number] < FEWEST_ORDERS or not len(days):
                continue
            pace, limit = float(present.pace[-1, number]), float(np.quantile(days, SLOW_QUANTILE))
            message = (
                f"deliveries in {region} take {pace:.1f} days at present, {limit:.1f} or less on {SLOW_QUANTILE:.0%} "
                "of the days in the training data"
            )
            yield Finding(region, self.change(pace / limit), message, pace, limit)


class SourceOutOfShare(Check):
    """Opens while some of an owner's orders do not count in the pace, see `monitor.pace.sources`."""

    name = "source-out-of-share"
    severity = "warning"
    opens = 1.0
    closes = 1.0

    def findings(self, situation: Situation) -> Iterator[Finding]:
        """One finding for each owner that is held, and one that closes it for each that no longer is."""
        if situation.pace is None:
            return
        held = {each.owner or NO_KEY: each for each in situation.pace.held}
        for owner, each in held.items():
            message = (
                f"{each.share:.0%} of the newest orders that the delivery pace comes from are {owner}'s, where "
                f"{each.usual:.0%} is usual: they count as {each.bound:.0%}"
            )
            yield Finding(owner, "open", message, each.share / each.bound, self.opens)
        for rule, owner in situation.alerts:
            if rule == self.name and owner not in held:
                yield Finding(owner, "close", f"{owner}'s part in the delivery pace is within its bound again")

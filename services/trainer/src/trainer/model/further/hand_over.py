"""The orders of a table as the second model learns them: bought, as it were, at their hand-over to the carrier.

So the time from hand-over is learned like that from purchase: forecast, effects, residuals and calibration.
"""

from dataclasses import replace

import numpy as np

from common.arrays import Bools
from common.model.after_purchase.features import HAND_OVER_NAMES, with_hand_over
from common.model.features import features
from common.model.pace import Level
from common.orders.clock import Clock
from trainer.data.history import DAY, History
from trainer.model.table import TrainingTable


def handed_over(history: History) -> Bools:
    """Which orders are known to have been handed over, neither before the purchase nor after the delivery."""
    shipped = history.shipped
    if shipped is None:
        return np.zeros(len(history), dtype=np.bool_)
    return (shipped >= history.orders.purchase_timestamp) & ~(shipped > history.delivered)


def from_hand_over(table: TrainingTable) -> TrainingTable | None:
    """The table of the orders that were handed over, from then on; None without one.

    Its map, calendar, time scale and pace are those of all orders.
    """
    chosen = handed_over(table.history)
    history = table.history.where(chosen)
    if not len(history) or history.shipped is None:
        return None
    local, located = Clock(table.shop.time_zone).local(history.shipped), table.located.where(chosen)
    handling_days = (history.shipped - history.orders.purchase_timestamp) / DAY
    columns = features(
        located.origin, located.destination, located.same_region, local, history.orders.numbers, table.further
    )
    level = Level(table.pace, located.geography.regions.group)
    return replace(
        table,
        history=replace(
            history,
            orders=replace(history.orders, purchase_timestamp=history.shipped),
            promised_days=history.promised_days - handling_days,
        ),
        local=local,
        located=located,
        columns=with_hand_over(columns, handling_days, local),
        calendars=table.calendars.from_hand_over(),
        log_level=np.log(level.of(local, located.destination.region, located.same_region)),
        further_names=HAND_OVER_NAMES,
    )

"""The delivery pace of orders as a model groups them: of its history, or of what was logged since."""

from datetime import date

import numpy as np
from numpy.typing import NDArray

from common.arrays import Bools
from common.model.bundle import Servable
from common.model.features import same_region
from common.model.pace import PaceTable, pace_table
from common.model.time_scale import TimeScale
from common.orders.clock import Clock
from common.orders.orders import Orders


def measured_pace(
    orders: Orders, delivered: NDArray[np.datetime64], model: Servable, clock: Clock, until: date
) -> PaceTable:
    """Pace for every day until `until` from n orders by purchase.

    delivered: datetime64[s], UTC, NaT while under way.
    """
    local, group, same = grouped(orders, model, clock)
    arrived = local + (delivered - orders.purchase_timestamp)
    return pace_table(
        local, arrived, group, same, model.manifest.map.pace_groups, TimeScale(model.manifest.typical_days), until
    )


def grouped(orders: Orders, model: Servable, clock: Clock) -> tuple[NDArray[np.datetime64], NDArray[np.integer], Bools]:
    """Of n orders the purchase as on the shop's clock, the number of its group, and whether it stays in its region."""
    geography = model.geography
    origin, destination = geography.ends(orders, "origin"), geography.ends(orders, "destination")
    group = geography.regions.group[destination.region]
    return clock.local(orders.purchase_timestamp), group, same_region(origin, destination)

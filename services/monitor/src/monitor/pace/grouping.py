"""How a champion groups logged orders for the delivery pace."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from common.model.bundle import Bundle
from common.model.measured_pace import grouped
from common.model.time_scale import TimeScale
from common.orders.clock import Clock
from common.orders.logged import logged_orders
from common.orders.reading import Reading
from monitor.pace.cells import Cells, CountedOrders

SCHEME = 2
"""Raised when cells mean something else than before: what was counted is counted anew."""


class Grouping:
    """The champion's groups, map, clock and time scale."""

    def __init__(self, bundle: Bundle) -> None:
        shop = bundle.manifest.shop
        self._bundle = bundle
        self._clock = Clock(shop.time_zone)
        self._reading = Reading(self._clock, shop.numeric, shop.category)
        self._scale = TimeScale(bundle.manifest.typical_days)
        self._groups = bundle.manifest.map.pace_groups

    @property
    def name(self) -> str:
        """Alike for champions whose regions and groups are the same, with the same clock and time scale.

        Where exactly a code or an origin lies moves a little with each champion: an order counts as it was located when
        it was counted.
        """
        manifest, regions = self._bundle.manifest, self._bundle.geography.regions
        what = [SCHEME, self._scale.typical, self._clock.name, manifest.shop.country, asdict(manifest.map)]
        digest = hashlib.sha256(json.dumps(what).encode())
        digest.update(regions.group.tobytes())
        digest.update(regions.cells.tobytes())
        return digest.hexdigest()

    def cells(self, resolution: int) -> Cells:
        """The cells that its orders count in."""
        return Cells(self._groups, self._scale, resolution)

    def today(self, present: datetime) -> date:
        """What the shop's calendar shows."""
        return self._clock.local_of_one(present.replace(tzinfo=None)).date()

    def oldest(self, present: datetime) -> datetime:
        """Orders bought earlier change no pace any more: the shop's midnight so many days ago."""
        day = self.today(present) - timedelta(days=self._scale.look_back)
        return self._clock.utc_of_one(datetime.combine(day, datetime.min.time())).replace(tzinfo=UTC)

    def counted(self, columns: Mapping[str, Sequence[Any]], cells: Cells) -> CountedOrders:
        """The cells of orders of the log: columns as `common.orders.logged` reads them, and `delivered_at`."""
        delivered = np.array(columns["delivered_at"], dtype="datetime64[s]")
        orders = logged_orders(
            {name: column for name, column in columns.items() if name != "delivered_at"}, self._reading
        )
        local, group, same = grouped(orders, self._bundle, self._clock)
        return cells.of(local, local + (delivered - orders.purchase_timestamp), group, same)

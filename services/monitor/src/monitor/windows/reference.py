"""What a model's windows are compared with: a sample of the rows it learned from."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pandas as pd

from common.errors import InvalidInput
from common.model import quality
from common.model.bundle import Bundle
from common.orders.clock import Clock
from common.orders.names import TEXTS
from common.orders.orders import Orders
from common.orders.reading import Reading
from common.servers.registry import Registry
from monitor.windows.watched import PREDICTION, Watched, WindowRows

RANGE_QUANTILES = (0.01, 0.99)
"""Predictions between these quantiles of the reference are in range, so about 98 % are when nothing is wrong."""

KEPT = 8
"""Versions whose reference stays in memory."""


@dataclass(frozen=True)
class Reference:
    """The reference of one model version.

    watched: what is compared, and columns: of the reference. in_range: days. median_days: the constant baseline.
    mae: days, of its predictions. trained_from, trained_until: the oldest and the newest purchase that the
    model learned from.
    """

    model_version: str
    reading: Reading
    watched: Watched
    columns: pd.DataFrame
    in_range: tuple[float, float]
    median_days: float
    mae: float
    trained_from: datetime
    trained_until: datetime


class References:
    """The references of the newest versions that were asked for, each read once."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._read: dict[str, Reference] = {}

    def of(self, model_version: str) -> Reference:
        """A version's reference; Unavailable if its bundle is out of reach, InvalidInput if it has none."""
        if model_version not in self._read:
            reference = reference_of(self._registry.bundle(model_version))
            while len(self._read) >= KEPT:
                self._read.pop(next(iter(self._read)))
            self._read[model_version] = reference
        return self._read[model_version]


def reference_of(bundle: Bundle) -> Reference:
    """Read a bundle's reference; InvalidInput if the bundle was made without one."""
    path = bundle.folder / "reference.csv"
    if not path.exists():
        raise InvalidInput(f"model version {bundle.version} has no reference.csv: register it again")
    shop = bundle.manifest.shop
    reading = Reading(Clock(shop.time_zone), shop.numeric, shop.category)
    texts = dict.fromkeys((*TEXTS, *shop.category), "object")
    rows = pd.read_csv(path, dtype=texts, keep_default_na=False, na_values=[""])  # NA is a country
    moments = {"purchase_timestamp": rows["purchase_timestamp"].to_numpy("datetime64[s]")}
    orders = Orders.of_columns({name: rows[name] for name in rows} | moments, reading.numeric, reading.category)
    watched = Watched.of(bundle.geography, orders)
    columns = watched.columns(WindowRows(orders, rows))
    low, high = columns[PREDICTION].quantile(list(RANGE_QUANTILES))
    return Reference(
        model_version=bundle.version,
        reading=reading,
        watched=watched,
        columns=columns,
        in_range=(float(low), float(high)),
        median_days=float(rows["delivery_days"].median()),
        mae=quality.mae(rows["delivery_days"].to_numpy(), rows["prediction"].to_numpy()),
        trained_from=datetime.fromisoformat(bundle.manifest.training_window["start"]).replace(tzinfo=UTC),
        trained_until=datetime.fromisoformat(bundle.manifest.training_window["end"]).replace(tzinfo=UTC),
    )

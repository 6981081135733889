"""What a model's windows are compared with: a sample of the rows it learned from."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pandas as pd

from common.errors import InvalidInput
from common.model.bundle import Bundle
from monitor.windows.columns import PREDICTION, watched

RANGE_QUANTILES = (0.01, 0.99)
"""Predictions between these quantiles of the reference are in range, so about 98 % are when nothing is wrong."""


@dataclass(frozen=True)
class Reference:
    """The reference of one model version.

    columns: see `monitor.windows.columns.watched`. in_range: days. median_days: the constant baseline.
    mae: days, of its predictions. trained_from, trained_until: the oldest and the newest purchase that the
    model learned from.
    """

    model_version: str
    columns: pd.DataFrame
    in_range: tuple[float, float]
    median_days: float
    mae: float
    trained_from: datetime
    trained_until: datetime


def reference_of(bundle: Bundle) -> Reference:
    """Read a bundle's reference; InvalidInput if the bundle was made without one."""
    path = bundle.folder / "reference.csv"
    if not path.exists():
        raise InvalidInput(f"model version {bundle.version} has no reference.csv: register it again")
    rows = pd.read_csv(path)
    columns = watched(rows)
    low, high = columns[PREDICTION].quantile(list(RANGE_QUANTILES))
    return Reference(
        model_version=bundle.version,
        columns=columns,
        in_range=(float(low), float(high)),
        median_days=float(rows["delivery_days"].median()),
        mae=float((rows["prediction"] - rows["delivery_days"]).abs().mean()),
        trained_from=datetime.fromisoformat(bundle.manifest.training_window["start"]).replace(tzinfo=UTC),
        trained_until=datetime.fromisoformat(bundle.manifest.training_window["end"]).replace(tzinfo=UTC),
    )

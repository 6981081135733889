"""What is watched: a window's rows, and the columns of them that Evidently compares with the reference."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from common.arrays import Bools, Floats
from common.model.geography import End, Geography
from common.orders.names import ZIP_CODE_PREFIX
from common.orders.orders import Orders
from common.orders.places import NOWHERE

ROW_COLUMNS = ("prediction", "lower_days", "upper_days", "actual_days")
PREDICTION = "prediction"

MOST_VALUES = 20
"""Of a category: a thousand values drift even against themselves (Jensen-Shannon distance 0.12 to 0.30 at 1,000 rows);
the rarer ones count as one."""

OTHER = "other"


@dataclass(frozen=True)
class WindowRows:
    """n orders, and a DataFrame of ROW_COLUMNS: prediction, its interval and the actual, in days, NaN where missing.

    promised: days of the promises that were given, by on-time share, NaN for orders without.
    """

    orders: Orders
    days: pd.DataFrame
    promised: Mapping[float, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.days)

    def sample(self, most: int) -> "WindowRows":
        """At most so many of them, drawn the same way each time."""
        if len(self) <= most:
            return self
        chosen = np.zeros(len(self), dtype=bool)
        chosen[np.random.default_rng(0).permutation(len(self))[:most]] = True
        return WindowRows(self.orders.where(chosen), self.days[chosen])


@dataclass(frozen=True)
class Watched:
    """The inputs of a model version that are compared: whatever its shop's orders have.

    numeric, category: names of columns. frequent: the values of a category that count by themselves.
    """

    geography: Geography
    numeric: tuple[str, ...]
    category: tuple[str, ...]
    frequent: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, geography: Geography, learned: Orders) -> "Watched":
        """What orders like those learned from have to be compared by."""
        columns = _columns(geography, learned)
        columns = columns.loc[:, columns.notna().any()]
        numeric = tuple(map(str, columns.select_dtypes("number").columns))
        category = tuple(name for name in map(str, columns) if name not in numeric)
        frequent = {name: frozenset(columns[name].value_counts().index[:MOST_VALUES]) for name in category}
        return cls(geography, numeric, category, frequent)

    @property
    def inputs(self) -> tuple[str, ...]:
        """All names."""
        return (*self.category, *self.numeric)

    def columns(self, rows: WindowRows) -> pd.DataFrame:
        """The columns for Evidently: the inputs and the prediction; what is missing stays missing."""
        found = _columns(self.geography, rows.orders)
        missing = pd.Series(np.nan, found.index)
        chosen = {name: found.get(name, missing) for name in self.inputs}
        for name in self.category:
            values = chosen[name].astype("object")
            chosen[name] = values.where(values.isin(self.frequent[name]) | values.isna(), OTHER)
        return pd.DataFrame({**chosen, PREDICTION: rows.days[PREDICTION].to_numpy(np.float64)}, index=found.index)


def _columns(geography: Geography, orders: Orders) -> pd.DataFrame:
    regions = np.array([*geography.regions.names, OTHER], dtype=object)
    found: dict[str, object] = {}
    ends: tuple[End, ...] = ("origin", "destination")
    for end in ends:
        located, said = geography.ends(orders, end), _said(orders, end)
        region = np.where(located.region == NOWHERE, len(regions) - 1, located.region)
        found[f"{end}_region"] = pd.Series(regions[region]).where(said, None)
        if end == "destination":
            found["destination_lat"] = np.where(said, located.lat, np.nan)
            found["destination_lng"] = np.where(said, located.lng, np.nan)
    facts = {name for name in (*orders.texts, *orders.numbers) if not name.startswith(("origin_", "destination_"))}
    for name in sorted(facts - {ZIP_CODE_PREFIX}):
        found[name] = orders.texts[name].tolist() if name in orders.texts else orders.numbers[name]
    return pd.DataFrame(found)


def _said(orders: Orders, end: End) -> Bools:
    """Which orders say anything of an end."""
    said = np.zeros(len(orders), dtype=np.bool_)
    for name, texts in orders.texts.items():
        said |= (texts.index >= 0) if name.startswith(f"{end}_") else False
    for name, numbers in orders.numbers.items():
        own = name.startswith(f"{end}_") or (name == ZIP_CODE_PREFIX and end == "origin")
        said |= np.isfinite(numbers) if own else False
    return said

"""What a bundle says of itself, in `bundle.json`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PARTS = ("shop", "calendar", "map", "after_hand_over", "with_promise")
"""Of the manifest, that are objects of their own."""

FORMAT = 5


@dataclass(frozen=True)
class ServedShop:
    """What a model knows of its shop. country: of orders that name none. time_zone: of moments without one.

    code_digits: of its postal codes, 0 if they are not numbers of one length. numeric, category: the facts that it
    declares. synthetic: its orders are made up; older models do not say.
    """

    name: str
    country: str
    time_zone: str
    code_digits: int = 0
    numeric: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    synthetic: bool | None = None


@dataclass(frozen=True)
class Calendar:
    """What days count, see `common.model.working_time`. holidays: ISO dates of whole years, by country. handling_days:
    until the hand-over, see `common.model.calendars`."""

    week: tuple[float, ...]
    holiday: float
    holidays: dict[str, list[str]]
    handling_days: float = 0.0


@dataclass(frozen=True)
class Map:
    """The regions of `common.orders.regions.Regions` that are no arrays, and the groups of the delivery pace."""

    regions: tuple[str, ...]
    rows: int
    south: float
    west: float
    per_degree: float
    pace_groups: tuple[str, ...]


@dataclass(frozen=True)
class FurtherPart:
    """What the manifest says of a further model, as of the first."""

    centre: float
    residuals: list[list[float]]
    under_way: list[list[float]]
    fact_effects: dict[str, dict[str, float]]
    fact_usual: dict[str, dict[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class PromisePart(FurtherPart):
    """The same of the model of orders with a promise, and its `common.model.promise.ratio.PromiseRatio`."""

    slope: float = field(kw_only=True)
    lowest: float = field(kw_only=True)
    highest: float = field(kw_only=True)


@dataclass(frozen=True)
class Manifest:
    """What a bundle says of itself. Times are ISO 8601, metrics in days.

    params: what the search chose. centre: added to the log forecast to get the point forecast. residuals: quantiles by
    group, see `common.model.uncertainty.residuals.Residuals`; older bundles have those of all orders. typical_days: see
    `common.model.time_scale.TimeScale`. fact_effects: log days, by the name of a category and its value.
    fact_stand_ins: see `common.model.features.Further`. history: the version of the history (`common.servers.history`)
    it learned from, '' if that was in no object store. training_orders: how many deliveries taught it, 0 in older
    bundles. under_way: the residuals of orders that have not arrived; in older bundles [], the same. after_hand_over,
    with_promise: None without such a model. is_declared: whether it knows what the shop declares, and no delivery.
    """

    trained_at: str
    code_version: str
    feature_names: list[str]
    training_window: dict[str, str]
    metrics: dict[str, float]
    data_fingerprint: str
    params: dict[str, float]
    centre: float
    residuals: list[list[float]]
    typical_days: float
    shop: ServedShop
    calendar: Calendar
    map: Map
    fact_effects: dict[str, dict[str, float]] = field(default_factory=dict)
    fact_usual: dict[str, dict[str, float]] = field(default_factory=dict)
    fact_stand_ins: dict[str, float] = field(default_factory=dict)
    history: str = ""
    training_orders: int = 0
    is_declared: bool = False
    under_way: list[list[float]] = field(default_factory=list)
    after_hand_over: FurtherPart | None = None
    with_promise: PromisePart | None = None
    format: int = FORMAT
    files: dict[str, str] = field(default_factory=dict)


def manifest_of(stored: Mapping[str, Any]) -> Manifest:
    """The manifest that `bundle.json` holds; KeyError or TypeError if it is none of this format."""
    shop, calendar, of_map = (stored[name] for name in PARTS[:3])
    handed_over, promised = (stored.get(name) for name in PARTS[3:])
    rest = {name: value for name, value in stored.items() if name not in PARTS}
    return Manifest(
        **rest,
        shop=ServedShop(**shop | {name: tuple(shop[name]) for name in ("numeric", "category")}),
        calendar=Calendar(**calendar | {"week": tuple(calendar["week"])}),
        map=Map(**of_map | {name: tuple(of_map[name]) for name in ("regions", "pace_groups")}),
        after_hand_over=FurtherPart(**handed_over) if handed_over else None,
        with_promise=PromisePart(**promised) if promised else None,
    )

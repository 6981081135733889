"""From orders to days: features, trees, effects, the interval and the delivery pace, for one or many."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from common.arrays import Bools, Floats
from common.errors import InvalidInput
from common.model.after_purchase.features import with_hand_over
from common.model.after_purchase.under_way import First, HandedOver, UnderWay
from common.model.bundle import AfterHandOver, Servable
from common.model.features import Further, features, features_of_one, same_region
from common.model.manifest import Calendar
from common.model.pace import Level, PaceTable
from common.model.time_scale import TimeScale
from common.model.uncertainty.confidence import Doubts
from common.model.uncertainty.distribution import Distribution, Distributions, FromPurchase, FromPurchases
from common.model.uncertainty.residuals import LOWER, UPPER
from common.model.working_time import WorkingTime
from common.orders.clock import Clock
from common.orders.fields import Fact, Order
from common.orders.later import check
from common.orders.orders import Orders
from common.orders.places import NOWHERE
from common.orders.reading import Reading
from common.orders.texts import Texts

Raw = Callable[[NDArray[np.float32]], Floats]
"""Model columns (n, features) to raw outputs (n, 2): the log of scaled working days, and SPREAD_WEIGHT times the log of
its spread."""

RELATED = (False, True)
"""Whether an order stays within its region."""

SPREAD_WEIGHT = 0.1
"""The trees learn both outputs at once; the small weight lets the forecast shape them."""


@dataclass(frozen=True, slots=True)
class Predictions:
    """n predictions: days from purchase to delivery with their 90 % interval, arrays of shape (n,).

    doubts: looks up what speaks against each, see `common.model.uncertainty.confidence`.
    """

    days: Floats
    lower_days: Floats
    upper_days: Floats
    seller_known: Bools
    distribution: Distributions
    doubts: Callable[[], NDArray[np.uint8]]


class Prediction(NamedTuple):
    """One prediction, in days."""

    days: float
    lower_days: float
    upper_days: float
    seller_known: bool
    distribution: Distribution
    doubts: int


class Predictor:
    """Predicts with one model version. Immutable: a new version, or a new pace, is a new predictor.

    decimals: with which its days are said.
    """

    def __init__(
        self, model: Servable, raw: Raw | None = None, pace: PaceTable | None = None, clock: Clock | None = None
    ) -> None:
        """raw: replaces the numpy trees where bulk speed counts, e.g. `CatBoost.predict` of the same bundle.

        pace: the present one; by default the model's own, from its training date. clock: of the shop's time zone.
        """
        self.version = model.version
        self.manifest = model.manifest
        self.pace = pace or model.pace
        self.pace_date = self.pace.last.isoformat()
        self.clock = clock or Clock(model.manifest.shop.time_zone)
        self.decimals = TimeScale(model.manifest.typical_days).decimals
        self._model = model
        self._geography = model.geography
        self._further = Further.among(model.manifest.feature_names)
        self._usual = model.usual if model.usual.names else None
        self._row = model.trees.predict_row
        self._raw = raw or model.trees.predict
        self._level = Level(self.pace, model.geography.regions.group)
        self._doubts = Doubts(
            model.learned,
            model.geography,
            model.effects,
            self._level,
            TimeScale(model.manifest.typical_days).pace_window,
        )
        self._calendars = calendars(model.manifest.calendar)
        self._calendar = self._calendars[model.manifest.shop.country]
        self._centre = model.manifest.centre
        self._groups: list[int] = model.geography.regions.group.tolist()
        self._curves = [
            [(curve, curve.at(LOWER), curve.at(UPPER)) for curve in map(partial(model.residuals.curve, group), RELATED)]
            for group in range(max(self._groups) + 1)
        ]

    @property
    def reading(self) -> Reading:
        """How orders for this model are read."""
        shop = self.manifest.shop
        return Reading(self.clock, shop.numeric, shop.category)

    @property
    def pace_day(self) -> date:
        """The day of the newest pace in use."""
        return self.pace.last

    def with_pace(self, pace: PaceTable) -> "Predictor":
        """The same model with another pace."""
        return Predictor(self._model, self._raw, pace, self.clock)

    def with_present_pace(self, pace: PaceTable | None) -> "Predictor":
        """The same model with this pace if it knows a later day than the model's own, else with the model's own.

        A pace without the model's groups is another model's.
        """
        own = self._model.pace
        known = pace.of_groups(own.groups) if pace else None
        present = known if known and known.last > own.last else own
        return self if present is self.pace else self.with_pace(present)

    def predict(self, orders: Orders) -> Predictions:
        """Predict n valid orders (see `common.orders.fields` for the ranges)."""
        at_purchase, known, doubts = self._distributions(orders, self._model, self._raw)
        days = at_purchase.days_of(np.exp(at_purchase.forecast + self._centre))
        distribution: Distributions = at_purchase
        if orders.later:
            distribution, days = self._later(orders, at_purchase, days)
        lower, upper = distribution.days_at(LOWER), distribution.days_at(UPPER)
        return Predictions(np.clip(days, lower, upper), lower, upper, known, distribution, doubts)

    def predict_one(self, order: Order, purchase: datetime) -> Prediction:
        """Predict one valid order bought at a moment (UTC, without zone); the same numbers as `predict`, for a fraction
        of its cost. InvalidInput names a fact that the shop does not declare."""
        if order.facts:
            self.check_facts(order.facts)
        local = self.clock.local_of_one(purchase)
        origin, destination = self._geography.end(order, "origin"), self._geography.end(order, "destination")
        same = origin.region == destination.region != NOWHERE
        usual = self._usual.of_one(origin, destination, order.facts) if self._usual else ()
        values = features_of_one(origin, destination, same, local, order.facts, self._further, usual)
        raw, raw_spread = self._row(np.array(values, dtype=np.float32)).tolist()
        effects = self._model.effects
        effect = effects.of_one(origin, destination, order.facts)
        forecast = raw + effect + math.log(self._level.of_one(local, destination.region, same))
        spread = math.exp(raw_spread / SPREAD_WEIGHT)
        calendar = self._calendar
        if order.destination_country:
            calendar = self._calendars.get(order.destination_country, calendar)
        start = calendar.start_of_one(local)
        curve, at_lower, at_upper = self._curves[self._groups[destination.region]][same]
        lower = calendar.days_of_one(start, math.exp(forecast + at_lower * spread))
        upper = calendar.days_of_one(start, math.exp(forecast + at_upper * spread))
        days = min(max(calendar.days_of_one(start, math.exp(forecast + self._centre)), lower), upper)
        known = origin.known or (len(effects.origin_cell) > 1 and effects.origin_cell.item(origin.cell) != 0)
        doubts = self._doubts.of_one(order, origin, destination, known, local, same)
        return Prediction(days, lower, upper, known, FromPurchase(forecast, spread, curve, calendar, start), doubts)

    def predict_one_later(self, order: Order, purchase: datetime) -> Prediction:
        """`predict_one` of an order that says more than was known at its purchase, all moments in UTC, without zone;
        takes some times as long. InvalidInput also says which of its moments cannot be."""
        if order.facts:
            self.check_facts(order.facts)
        orders = Orders.of_one(order, purchase, self.reading)
        check(orders.purchase_timestamp, orders.later)
        predictions = self.predict(orders)
        return Prediction(
            predictions.days.item(0),
            predictions.lower_days.item(0),
            predictions.upper_days.item(0),
            predictions.seller_known.item(0),
            First(predictions.distribution),
            predictions.doubts().item(0),
        )

    @property
    def knows_hand_overs(self) -> bool:
        """Whether the model has learned the time from hand-over; if not, a hand-over changes no answer."""
        return self._model.after_hand_over is not None

    def _later(self, orders: Orders, at_purchase: FromPurchases, days: Floats) -> tuple[UnderWay, Floats]:
        """The distributions of n orders of which more is known than at their purchase, and their point forecasts."""
        age = np.zeros(len(orders))
        if "under_way_at" in orders.later:
            age = np.nan_to_num(_days(orders.later["under_way_at"] - orders.purchase_timestamp))
        waits = age > 0
        known_then = at_purchase.under_way(waits, self._model.under_way)
        whole: FromPurchases | HandedOver = known_then
        second, shipped = self._model.after_hand_over, orders.later.get("shipped_timestamp")
        if second is not None and shipped is not None and (chosen := ~np.isnat(shipped)).any():
            of_these = orders.where(chosen)
            handling_days = _days(shipped[chosen] - of_these.purchase_timestamp)
            begun = replace(of_these, purchase_timestamp=shipped[chosen])
            then_on, *_ = self._distributions(begun, second, second.trees.predict, handling_days)
            days[chosen] = handling_days + then_on.days_of(np.exp(then_on.forecast + second.centre))
            whole = HandedOver(known_then, chosen, handling_days, then_on.under_way(waits[chosen], second.under_way))
        given = UnderWay.at(whole, age)
        if waits.any():  # as many orders like it come before the point as without knowing that it is under way
            days = np.where(waits, given.days_at(1 - whole.left(days)), days)
        return given, days

    def _distributions(
        self, orders: Orders, model: Servable | AfterHandOver, raw_of: Raw, handling_days: Floats | None = None
    ) -> tuple[FromPurchases, Bools, Callable[[], NDArray[np.uint8]]]:
        """The distributions of n orders, whether their origins are known, (n,), and what looks up their doubts.

        handling_days: of orders that begin with their hand-over, for the model of those.
        """
        local = self.clock.local(orders.purchase_timestamp)
        origin, destination = self._geography.ends(orders, "origin"), self._geography.ends(orders, "destination")
        same = same_region(origin, destination)
        usual = model.usual.of(origin, destination, orders.texts)
        at_purchase = usual if handling_days is None else ()
        columns = features(origin, destination, same, local, orders.numbers, self._further, at_purchase)
        raw = raw_of(columns if handling_days is None else with_hand_over(columns, handling_days, local, usual))
        forecast = raw[:, 0] + model.effects.of(origin, destination, orders.texts)
        present = orders.later.get("under_way_at")  # what has not arrived by then goes on at the pace of then
        paced = local if present is None else np.where(np.isnat(present), local, self.clock.local(present))
        level = self._level.of(paced, destination.region, same)
        known = origin.known | model.effects.knows(origin.cell)
        residuals = model.residuals
        group = residuals.group(self._geography.regions.group[destination.region], same)
        calendars = list(by_calendar(self._calendars, self._calendar, orders.texts.get("destination_country")))
        start = np.empty(len(orders))
        for calendar, chosen in calendars:
            start[chosen] = calendar.start(local[chosen])
        spread = np.exp(raw[:, 1] / SPREAD_WEIGHT)
        doubts = partial(self._doubts.of, orders, origin, destination, known, local, same)
        return FromPurchases(forecast + np.log(level), spread, group, residuals, calendars, start), known, doubts

    def check_facts(self, facts: Mapping[str, Fact], where: str = "") -> None:
        """InvalidInput names a fact that the shop does not declare, or a value of the wrong kind.

        where: of the order, as a prefix of the name.
        """
        shop = self.manifest.shop
        for name, value in facts.items():
            if name in shop.numeric:
                if isinstance(value, str) or (value is not None and not math.isfinite(value)):
                    raise InvalidInput(f"{where}facts.{name} must be a number (got {value!r})")
            elif name not in shop.category:
                declared = ", ".join((*shop.numeric, *shop.category)) or "none"
                raise InvalidInput(f"{where}facts.{name} is no fact of this shop: leave it out (facts: {declared})")
            elif not isinstance(value, str | None):
                raise InvalidInput(f"{where}facts.{name} must be a text (got {value!r})")


def _days(spans: NDArray[np.timedelta64]) -> Floats:
    return spans / np.timedelta64(86_400, "s")


def calendars(calendar: Calendar) -> dict[str, WorkingTime]:
    """Working time by country."""
    return {
        country: WorkingTime(map(date.fromisoformat, days), calendar.week, calendar.holiday)
        for country, days in calendar.holidays.items()
    }


def by_calendar(
    known: Mapping[str, WorkingTime], own: WorkingTime, countries: Texts | None
) -> Iterator[tuple[WorkingTime, Bools | slice]]:
    """The calendars of n orders, each with the orders that follow it: their destination's country's, else `own`."""
    each = [] if countries is None else [known.get(country, own) for country in countries.values]
    distinct = {id(calendar): calendar for calendar in (*each, own)}
    if countries is None or len(distinct) == 1:
        yield own, slice(None)
        return
    numbers = countries.gather(np.array([id(calendar) for calendar in each], dtype=np.int64), id(own))
    for number, calendar in distinct.items():
        chosen = numbers == number
        if chosen.any():
            yield calendar, chosen

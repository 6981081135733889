"""From orders to days: features, trees, effects, the interval and the delivery pace, for one or many."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from common.arrays import Bools, Floats
from common.model.after_purchase.features import with_hand_over
from common.model.after_purchase.under_way import First, HandedOver, UnderWay
from common.model.bundle import AfterHandOver, Servable, WithPromise
from common.model.calendars import Calendars, starts_of, worked_in
from common.model.effects import Effects, Usual
from common.model.features import Further, features, features_of_one, same_region
from common.model.pace import Level, PaceTable
from common.model.promise.ratio import PromiseRatio, with_promise
from common.model.time_scale import TimeScale
from common.model.uncertainty.confidence import Doubts
from common.model.uncertainty.distribution import Distribution, Distributions, FromPurchase, FromPurchases
from common.model.uncertainty.residuals import LOWER, UPPER, Curve, Residuals
from common.orders.clock import Clock
from common.orders.fields import Order
from common.orders.later import check
from common.orders.orders import Orders
from common.orders.places import NOWHERE
from common.orders.reading import Reading

Raw = Callable[[NDArray[np.float32]], Floats]
"""Model columns (n, features) to raw outputs (n, 2): the log of scaled working days, and SPREAD_WEIGHT times the log of
its spread."""

DAY = timedelta(days=1)

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


class ForOne(NamedTuple):
    """A model as single orders are predicted with. usual: None where it sees none. curves: by the group of the
    destination and by RELATED, each with its bounds of the interval. ratio: of the model of orders with a promise."""

    row: Callable[[NDArray[np.float32]], Floats]
    usual: Usual | None
    effects: Effects
    curves: list[list[tuple[Curve, float, float]]]
    centre: float
    ratio: PromiseRatio | None

    @classmethod
    def of(cls, model: Servable | WithPromise, centre: float, groups: int) -> "ForOne":
        """centre: of the point forecast. groups: of the delivery pace's regions."""
        curves = [
            [(curve, curve.at(LOWER), curve.at(UPPER)) for curve in map(partial(model.residuals.curve, group), RELATED)]
            for group in range(groups)
        ]
        usual = model.usual if model.usual.names else None
        ratio = model.ratio if isinstance(model, WithPromise) else None
        return cls(model.trees.predict_row, usual, model.effects, curves, centre, ratio)


class Predictor:
    """Predicts with one model version. Immutable: a new version, or a new pace, is a new predictor.

    decimals: with which its days are said. lost_after: days after which an order that has not arrived rarely will.
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
        scale = TimeScale(model.manifest.typical_days)
        self.decimals, self.lost_after = scale.decimals, scale.lost
        self._model = model
        self._geography = model.geography
        self._further = Further.among(model.manifest.feature_names, model.manifest.fact_stand_ins)
        self._raw = raw or model.trees.predict
        self._level = Level(self.pace, model.geography.regions.group)
        self._shortest = scale.floor
        self._doubts = Doubts(model.learned, model.geography, model.effects, self._level, scale.pace_window)
        self._calendars = Calendars.of(model.manifest.calendar, model.manifest.shop.country)
        self._centre = model.manifest.centre
        self._groups: list[int] = model.geography.regions.group.tolist()
        self._first = ForOne.of(model, self._centre, max(self._groups) + 1)
        promised = model.with_promise
        self._promised = ForOne.of(promised, promised.centre, max(self._groups) + 1) if promised else None

    @property
    def reading(self) -> Reading:
        """How orders for this model are read."""
        shop = self.manifest.shop
        return Reading(self.clock, shop.numeric, shop.category, self._promised is not None)

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
        centre: float | Floats = self._centre
        under_way, promised = self._model.under_way, self._model.with_promise
        if promised is not None and (chosen := orders.promised_days > 0).any():
            those, *_ = self._distributions(orders.where(chosen), promised, promised.trees.predict)
            at_purchase, centre = at_purchase.with_those(chosen, those), np.where(chosen, promised.centre, centre)
            under_way = under_way.beside(promised.under_way)
        days = at_purchase.days_of(np.exp(at_purchase.forecast + centre))
        distribution: Distributions = at_purchase
        if orders.later:
            distribution, days = self._later(orders, at_purchase, days, under_way)
        lower, upper = distribution.days_at(LOWER), distribution.days_at(UPPER)
        return Predictions(np.clip(days, lower, upper), lower, upper, known, distribution, doubts)

    def predict_one(self, order: Order, purchase: datetime) -> Prediction:
        """Predict one valid order bought at a moment; the same numbers as `predict`, for a fraction of its cost. Its
        moments are in UTC, without zone. InvalidInput names a fact that the shop does not declare."""
        if order.facts:
            self.reading.check_facts(order.facts)
        model, promised = self._first, order.promised_timestamp
        if self._promised is not None and promised is not None and promised > purchase:
            model = self._promised
        local = self.clock.local_of_one(purchase)
        origin, destination = self._geography.end(order, "origin"), self._geography.end(order, "destination")
        same = origin.region == destination.region != NOWHERE
        calendar = self._calendars.of_one(order.origin_country, order.destination_country)
        start = calendar.start_of_one(local)
        values = features_of_one(origin, destination, same, local, order.facts, self._further)
        log_level = math.log(self._level.of_one(local, destination.region, same))
        if model.ratio is not None and promised is not None:
            promised_days = (promised - purchase) / DAY
            worked = calendar.worked_of_one(start, promised_days)
            ratio = model.ratio.of_one(worked, log_level, self._shortest)
            values += [ratio, promised_days]
            log_level += model.ratio.slope * ratio
        if model.usual is not None:
            values += model.usual.of_one(origin, destination, order.facts)
        raw, raw_spread = model.row(np.array(values, dtype=np.float32)).tolist()
        effects = model.effects
        forecast = raw + effects.of_one(origin, destination, order.facts) + log_level
        spread = math.exp(raw_spread / SPREAD_WEIGHT)
        curve, at_lower, at_upper = model.curves[self._groups[destination.region]][same]
        lower = calendar.days_of_one(start, math.exp(forecast + at_lower * spread))
        upper = calendar.days_of_one(start, math.exp(forecast + at_upper * spread))
        days = min(max(calendar.days_of_one(start, math.exp(forecast + model.centre)), lower), upper)
        cells = self._model.effects.origin_cell
        known = origin.known or (len(cells) > 1 and cells.item(origin.cell) != 0)
        doubts = self._doubts.of_one(order, origin, destination, known, local, same)
        return Prediction(days, lower, upper, known, FromPurchase(forecast, spread, curve, calendar, start), doubts)

    def predict_one_later(self, order: Order, purchase: datetime) -> Prediction:
        """`predict_one` of an order that says more than was known at its purchase, all moments in UTC, without zone;
        takes some times as long. InvalidInput also says which of its moments cannot be."""
        if order.facts:
            self.reading.check_facts(order.facts)
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

    def _later(
        self, orders: Orders, at_purchase: FromPurchases, days: Floats, under_way: Residuals
    ) -> tuple[UnderWay, Floats]:
        """The distributions of n orders of which more is known than at their purchase, and their point forecasts.

        under_way: the residuals of those that have not arrived, in the groups of `at_purchase`.
        """
        age = np.zeros(len(orders))
        if "under_way_at" in orders.later:
            age = np.nan_to_num(_days(orders.later["under_way_at"] - orders.purchase_timestamp))
        waits = age > 0
        known_then = at_purchase.under_way(waits, under_way)
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
        self,
        orders: Orders,
        model: Servable | AfterHandOver | WithPromise,
        raw_of: Raw,
        handling_days: Floats | None = None,
    ) -> tuple[FromPurchases, Bools, Callable[[], NDArray[np.uint8]]]:
        """The distributions of n orders, whether their origins are known, (n,), and what looks up their doubts.

        handling_days: of orders that begin with their hand-over, for the model of those.
        """
        local = self.clock.local(orders.purchase_timestamp)
        origin, destination = self._geography.ends(orders, "origin"), self._geography.ends(orders, "destination")
        same = same_region(origin, destination)
        followed = self._calendars if handling_days is None else self._calendars.from_hand_over()
        calendars = list(followed.each(*(orders.texts.get(f"{end}_country") for end in ("origin", "destination"))))
        start = starts_of(calendars, local)
        present = orders.later.get("under_way_at")  # what has not arrived by then goes on at the pace of then
        paced = local if present is None else np.where(np.isnat(present), local, self.clock.local(present))
        log_level = np.log(self._level.of(paced, destination.region, same))
        usual = model.usual.of(origin, destination, orders.texts)
        at_purchase = usual if isinstance(model, Servable) else ()
        columns = features(origin, destination, same, local, orders.numbers, self._further, at_purchase)
        if handling_days is not None:
            columns = with_hand_over(columns, handling_days, local, usual)
        if isinstance(model, WithPromise):
            then, days = np.log(self._level.of(local, destination.region, same)), orders.promised_days
            ratio = model.ratio.of(worked_in(calendars, start, days), then, self._shortest)
            columns = with_promise(columns, ratio, days, usual)
            log_level += model.ratio.slope * ratio
        raw = raw_of(columns)
        forecast = raw[:, 0] + model.effects.of(origin, destination, orders.texts) + log_level
        known = origin.known | self._model.effects.knows(origin.cell)
        residuals = model.residuals
        group = residuals.group(self._geography.regions.group[destination.region], same)
        spread = np.exp(raw[:, 1] / SPREAD_WEIGHT)
        doubts = partial(self._doubts.of, orders, origin, destination, known, local, same)
        return FromPurchases(forecast, spread, group, residuals, calendars, start), known, doubts


def _days(spans: NDArray[np.timedelta64]) -> Floats:
    return spans / np.timedelta64(86_400, "s")

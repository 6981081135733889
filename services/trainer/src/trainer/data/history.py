"""Orders as arrays: what a model may learn from, and what it is judged on. Where they come from is their source's."""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from common.arrays import Bools, Floats
from common.errors import InvalidInput
from common.orders.orders import Orders
from common.orders.shop.prepared_shop import PreparedShop
from common.orders.shop.sections import Facts

DAY = np.timedelta64(86_400, "s")
LONE_DAYS = 30

NO_PLACES = pl.DataFrame(
    schema={"country": pl.String, "postal_code": pl.String, "lat": pl.Float64, "lng": pl.Float64, "region": pl.String}
)


@dataclass(frozen=True)
class History:
    """n orders by purchase time, delivered or under way; arrays of shape (n,).

    delivered: datetime64[s], UTC, NaT while under way. promised_days: the shop's own promise, in days from purchase,
    NaN where it made none. shipped: datetime64[s], UTC, of the hand-over to the carrier, NaT where it is not known;
    None if it is of no order. ended: the same of being cancelled or lost.
    """

    orders: Orders
    delivered: NDArray[np.datetime64]
    promised_days: Floats
    shipped: NDArray[np.datetime64] | None = None
    ended: NDArray[np.datetime64] | None = None

    def __len__(self) -> int:
        return len(self.orders)

    @property
    def days(self) -> Floats:
        """Days from purchase to delivery, NaN while under way."""
        return (self.delivered - self.orders.purchase_timestamp) / DAY

    def known_at(self, cutoff: np.datetime64) -> Bools:
        """Which deliveries were known at the cut-off; NaT compares as unknown."""
        return self.delivered < cutoff

    def bought_in(self, start: np.datetime64, end: np.datetime64) -> Bools:
        """Which orders were bought from `start` until before `end`."""
        return (self.orders.purchase_timestamp >= start) & (self.orders.purchase_timestamp < end)

    def as_of(self, moment: np.datetime64) -> "History":
        """What was known at the moment: orders bought before it, with the hand-overs and deliveries before it.

        What had not arrived by then is under way, whatever came of it later. Of orders that had been cancelled or lost
        by then nothing more can be learned, they are left out.
        """
        counts = self.orders.purchase_timestamp < moment
        if self.ended is not None:
            counts &= ~(self.ended < moment)
        bought = self.where(counts)
        shipped = None if bought.shipped is None else _before(moment, bought.shipped)
        if shipped is not None and np.isnat(shipped).all():
            shipped = None
        orders = bought.orders.of_their_own()
        return replace(bought, orders=orders, delivered=_before(moment, bought.delivered), shipped=shipped, ended=None)

    def where(self, chosen: Bools) -> "History":
        """The chosen orders."""
        shipped, ended = (None if each is None else each[chosen] for each in (self.shipped, self.ended))
        return History(self.orders.where(chosen), self.delivered[chosen], self.promised_days[chosen], shipped, ended)


@dataclass(frozen=True)
class TrainingData:
    """What a model is made from, whatever its source: orders, what is known of their shop, and the shop's places.

    places: columns country, postal_code, lat, lng, region, each code once; no row if the shop has no such file. used:
    the facts that the model uses, by default all that the shop declares. version: of the history in the object store,
    '' for a folder of this host. as_of: nothing in it is later; None if that was not asked for. sampled_from: of how
    many orders these are a sample, 0 if they are all.
    """

    history: History
    shop: PreparedShop
    places: pl.DataFrame = field(default_factory=NO_PLACES.clone)
    used: Facts | None = None
    version: str = ""
    as_of: np.datetime64 | None = None
    sampled_from: int = 0

    @property
    def facts(self) -> Facts:
        """The facts that the model uses."""
        return self.shop.facts if self.used is None else self.used

    def without(self, fact: str) -> "TrainingData":
        """The same data for a model that does not use a fact."""
        numeric, category = (
            tuple(name for name in names if name != fact) for names in (self.facts.numeric, self.facts.category)
        )
        return replace(self, used=Facts(numeric=numeric, category=category))

    def known_at(self, moment: np.datetime64) -> "TrainingData":
        """The same data as it was known at a moment; InvalidInput if no delivery was."""
        known = self.history.as_of(moment)
        if np.isnat(known.delivered).all():
            bought = self.history.orders.purchase_timestamp
            begin = (
                f"the prepared orders begin on {as_datetime(bought[0]):%Y-%m-%d}" if len(bought) else "there are none"
            )
            raise InvalidInput(f"no delivery was known on {as_datetime(moment):%Y-%m-%d}: {begin}")
        return replace(self, history=known, as_of=moment)

    def sample(self, most: int) -> "TrainingData":
        """About so many of the orders, drawn the same way each time; all, if there are no more."""
        count = len(self.history)
        if count <= most:
            return self
        drawn = self.history.where(np.random.default_rng(0).random(count) < most / count)
        return replace(self, history=drawn, sampled_from=self.sampled_from or count)

    @property
    def extent(self) -> str:
        """How many orders these are, and of how many, for people."""
        return f"{len(self.history):,} orders" + (f", a sample of {self.sampled_from:,}" if self.sampled_from else "")

    @property
    def deliveries(self) -> int:
        """How many are known."""
        return int((~np.isnat(self.history.delivered)).sum())

    def bought_before(self, moment: np.datetime64) -> "TrainingData":
        """The same data without later orders."""
        before = self.history.where(self.history.orders.purchase_timestamp < moment)
        return replace(self, history=replace(before, orders=before.orders.of_their_own()))

    @cached_property
    def fingerprint(self) -> str:
        """sha256 of the orders: the same for the same orders, wherever they come from."""
        digest = hashlib.sha256()
        orders = self.history.orders
        for name in sorted(orders.texts):
            digest.update(repr((name, orders.texts[name].values)).encode())
            digest.update(np.ascontiguousarray(orders.texts[name].index).tobytes())
        numbers = (orders.numbers[name] for name in sorted(orders.numbers))
        shipped = () if self.history.shipped is None else (self.history.shipped,)
        for column in (
            orders.purchase_timestamp, *numbers, self.history.delivered, self.history.promised_days, *shipped
        ):  # fmt: skip
            digest.update(np.ascontiguousarray(column).tobytes())
        return digest.hexdigest()


def end_of(history: History) -> np.datetime64:
    """The moment the data was taken: the newest event in it, unless it is LONE_DAYS after all others: a wrong date."""
    purchases = history.orders.purchase_timestamp
    events = np.concatenate([history.delivered[~np.isnat(history.delivered)], purchases])
    events = np.sort(events.astype("datetime64[s]"))
    near = np.diff(events) <= LONE_DAYS * DAY
    newest: np.datetime64 = events[1:][near][-1] if near.any() else events[-1]
    return newest + np.timedelta64(1, "s")


def _before(end: np.datetime64, moments: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    return np.where(moments < end, moments, np.datetime64("NaT", "s"))


def as_datetime(moment: np.datetime64) -> datetime:
    """The moment as Python's, without zone."""
    converted: datetime = moment.astype("datetime64[s]").astype(datetime)
    return converted

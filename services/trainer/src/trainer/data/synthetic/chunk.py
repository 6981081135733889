"""One chunk of made-up orders as rows of the five files that grow with their number."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from common.orders.distances import great_circle_km
from trainer.data.synthetic.journey import STATUSES, Journeys
from trainer.data.synthetic.season import Season
from trainer.data.synthetic.text import ids, timestamps
from trainer.data.synthetic.world import Marketplace, ZipPrefixes

DAY = 86_400

ITEMS = ((0.885, 1), (0.965, 2), (0.982, 3), (0.990, 4), (0.994, 5), (1.0, 6))
"""Cumulative share of orders with one, two, ... items."""

OTHER_PRODUCT = 0.1
"""Share of the further items that are another product, mostly of another seller."""

PAYMENT_TYPES = ("credit_card", "voucher", "debit_card", "boleto")
CARDS = (0.9, 0.95)
"""Cumulative share of the first two types among orders not paid by boleto."""
BOLETO = PAYMENT_TYPES.index("boleto")

REPEAT_CUSTOMERS = 0.97
"""People per order: a few buy twice."""

COMMENTS = ("", "", "", "recebi bem antes do prazo", "muito bom, recomendo", 'o vendedor disse "amanhã", e chegou',
            "produto ok,\nentrega lenta")  # fmt: skip


@dataclass(frozen=True)
class Demand:
    """What every chunk of orders is drawn from."""

    places: ZipPrefixes
    shop: Marketplace
    season: Season
    orders: int
    known_until: int
    seed: int

    def chunk(self, first: int, last: int) -> dict[str, pl.DataFrame]:
        """Orders first..last-1 by purchase time: the rows of each file. They do not depend on what ran before."""
        rng = np.random.default_rng([self.seed, first])
        index = np.arange(first, last)
        purchase = self.season.purchases((index + rng.random(len(index))) / self.orders)
        items = _Items.of(self.shop, len(index), rng)
        home = rng.choice(len(self.places.prefix), len(index), p=self.places.customers)
        seller = items.seller[items.first]
        km = self._distance(home, self.shop.seller_place[seller])
        slowness = self.shop.seller_slowness[seller]
        level = self.season.level_at(purchase)
        journeys = Journeys.of(purchase, km, level, slowness, self.known_until, rng)
        order_id, customer_id = ids("order", index, self.seed), ids("customer", index, self.seed)
        freight = (8.0 + 0.011 * km + rng.gamma(2.0, 2.0, len(km))).round(2)
        return {
            "orders": self._orders(order_id, customer_id, journeys),
            "customers": self._customers(customer_id, index, home, rng),
            "items": self._items(order_id, items, freight, journeys),
            "payments": _payments(order_id, items, freight, journeys, rng),
            "reviews": self._reviews(order_id, index, journeys, rng),
        }

    def _distance(self, home: NDArray[np.int64], origin: NDArray[np.int64]) -> NDArray[np.float64]:
        lat, lng = self.places.lat, self.places.lng
        return great_circle_km(lat[home], lng[home], lat[origin], lng[origin])

    def _orders(self, order_id: pl.Series, customer_id: pl.Series, journeys: Journeys) -> pl.DataFrame:
        return pl.DataFrame(
            {
                "order_id": order_id,
                "customer_id": customer_id,
                "order_status": pl.Series(STATUSES)[journeys.status],
                "order_purchase_timestamp": timestamps(journeys.purchase),
                "order_approved_at": timestamps(journeys.approved, journeys.was_approved),
                "order_delivered_carrier_date": timestamps(journeys.shipped, journeys.was_shipped),
                "order_delivered_customer_date": timestamps(journeys.delivered, journeys.was_delivered),
                "order_estimated_delivery_date": timestamps(journeys.estimated),
            }
        )

    def _customers(
        self, customer_id: pl.Series, index: NDArray[np.int64], home: NDArray[np.int64], rng: np.random.Generator
    ) -> pl.DataFrame:
        person = np.where(rng.random(len(index)) < REPEAT_CUSTOMERS, index, rng.integers(0, index + 1))
        return pl.DataFrame(
            {
                "customer_id": customer_id,
                "customer_unique_id": ids("person", person, self.seed),
                "customer_zip_code_prefix": self.places.zip_text[home],
                "customer_city": self.places.city_text[home],
                "customer_state": self.places.state_text[home],
            }
        )

    def _items(
        self, order_id: pl.Series, items: "_Items", freight: NDArray[np.float64], journeys: Journeys
    ) -> pl.DataFrame:
        limit = journeys.approved + 6 * DAY
        frame = pl.DataFrame(
            {
                "order_id": order_id[items.order],
                "order_item_id": items.position,
                "product_id": self.shop.product_ids[items.product],
                "seller_id": self.shop.seller_ids[items.seller],
                "shipping_limit_date": timestamps(limit)[items.order],
                "price": items.price,
                "freight_value": freight[items.order],
            }
        )
        return frame.filter(pl.Series(journeys.status != STATUSES.index("unavailable"))[items.order])

    def _reviews(
        self, order_id: pl.Series, index: NDArray[np.int64], journeys: Journeys, rng: np.random.Generator
    ) -> pl.DataFrame:
        requested = np.where(journeys.was_delivered, journeys.delivered, journeys.estimated) // DAY * DAY + DAY
        late = np.where(journeys.was_delivered, journeys.delivered > journeys.estimated + DAY, True)
        score = np.where(late, rng.choice(5, len(index), p=[0.6, 0.12, 0.1, 0.08, 0.1]) + 1,
                         rng.choice(5, len(index), p=[0.06, 0.03, 0.08, 0.2, 0.63]) + 1)  # fmt: skip
        return pl.DataFrame(
            {
                "review_id": ids("review", index, self.seed),
                "order_id": order_id,
                "review_score": score,
                "review_comment_title": pl.Series([None], dtype=pl.String).new_from_index(0, len(index)),
                "review_comment_message": pl.Series(COMMENTS).replace("", None)[
                    rng.integers(0, len(COMMENTS), len(index))
                ],
                "review_creation_date": timestamps(requested),
                "review_answer_timestamp": timestamps(requested + rng.integers(3_600, 5 * DAY, len(index))),
            }
        ).filter(pl.Series(requested <= self.known_until))


@dataclass(frozen=True)
class _Items:
    """m items of n orders. order, position (from 1), product, seller, price: (m,); first: (n,), each order's first."""

    order: NDArray[np.int64]
    position: NDArray[np.int64]
    product: NDArray[np.int64]
    seller: NDArray[np.int64]
    price: NDArray[np.float64]
    first: NDArray[np.int64]

    @classmethod
    def of(cls, shop: Marketplace, orders: int, rng: np.random.Generator) -> "_Items":
        shares, counts = np.array(ITEMS).T
        count = counts.astype(np.int64)[np.searchsorted(shares, rng.random(orders))]
        first = np.cumsum(count) - count
        order = np.repeat(np.arange(orders), count)
        position = np.arange(len(order)) - first[order] + 1
        product = shop.draw_products(orders, rng)[order]
        other = (position > 1) & (rng.random(len(order)) < OTHER_PRODUCT)
        product[other] = shop.draw_products(int(other.sum()), rng)
        return cls(order, position, product, shop.product_seller[product], shop.product_price[product], first)


def _payments(
    order_id: pl.Series, items: _Items, freight: NDArray[np.float64], journeys: Journeys, rng: np.random.Generator
) -> pl.DataFrame:
    count = len(order_id)
    total = np.bincount(items.order, items.price + freight[items.order], count)
    kind = np.where(journeys.boleto, BOLETO, np.searchsorted(CARDS, rng.random(count)))
    return pl.DataFrame(
        {
            "order_id": order_id,
            "payment_sequential": np.ones(count, dtype=np.int64),
            "payment_type": pl.Series(PAYMENT_TYPES)[kind],
            "payment_installments": np.where(kind == 0, np.minimum(rng.geometric(0.3, count), 12), 1),
            "payment_value": total.round(2),
        }
    )

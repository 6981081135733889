"""A maker of furniture whose orders take months: destinations are countries alone, and the shop knows its queue.

Its promises tell what no other column does: how long the workshop's queue was on the day of the purchase.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainer.data.synthetic.shops.clock import DAY, Clock
from trainer.data.synthetic.text import ids

START, END = date(2019, 1, 1), date(2022, 12, 31)
KNOWN_AFTER = 5 * DAY
HOURLY = np.array([1, 0.5, 0.3, 0.2, 0.2, 0.3, 1, 2, 3, 4, 5, 5, 5, 5, 5, 5, 5, 5, 6, 7, 8, 8, 6, 3], dtype=float)
WEEKLY = np.array([1.0, 0.9, 0.9, 0.9, 0.9, 1.3, 1.4])

COUNTRIES = {"DE": (0.40, 8), "AT": (0.12, 10), "FR": (0.12, 14), "ES": (0.08, 20), "SE": (0.06, 24), "US": (0.15, 45),
             "AU": (0.07, 60)}  # fmt: skip
"""Share of the orders, and days on the way."""

PIECES = {"chair": 30.0, "table": 45.0, "sofa": 65.0, "wardrobe": 80.0, "kitchen": 110.0}
"""Days in the workshop while its queue is short."""

CANCELLED = 0.02

SHOP_FILE = """# Made up by `trainer synthesize --shop months`.
name = "months"
country = "DE"
time_zone = "Europe/Berlin"

[orders]
source = "orders.csv"

[orders.columns]
purchase_timestamp = "ordered_at"
delivered_timestamp = "arrived_at"
promised_timestamp = "promised_for"
destination_country = "ship_to"

[orders.status]
column = "status"
cancelled = ["cancelled"]

[facts]
numeric = ["price"]
category = ["piece"]
"""


@dataclass(frozen=True)
class Months:
    """queue: how busy the workshop is in each week from the first, (weeks,), as a factor on its days."""

    clock: Clock
    queue: NDArray[np.float64]
    seed: int

    @classmethod
    def of(cls, seed: int) -> "Months":
        """The workshop's weeks: each is like the one before, but for a little."""
        clock = Clock.of("Europe/Berlin", START, END, HOURLY, WEEKLY)
        weeks = (END - START).days // 7 + 2
        steps, level = np.random.default_rng([seed, 1]).normal(0, 0.11, weeks), np.zeros(weeks)
        for week in range(1, weeks):
            level[week] = 0.93 * level[week - 1] + steps[week]
        return cls(clock, np.exp(level), seed)

    @property
    def files(self) -> dict[str, str]:
        """What lies beside the orders."""
        return {"shop.toml": SHOP_FILE}

    def chunk(self, first: int, last: int, orders: int) -> pl.DataFrame:
        """Orders first..last-1 of all, by purchase time."""
        rng = np.random.default_rng([self.seed, 2, first])
        count = last - first
        bought = self.clock.purchases((np.arange(first, last) + rng.random(count)) / orders)
        shares, way = np.array(list(COUNTRIES.values())).T
        country, piece = rng.choice(len(COUNTRIES), count, p=shares), rng.integers(0, len(PIECES), count)
        queue = self.queue[(bought - self.clock.hours[0]) // (7 * DAY)]
        made = np.array(list(PIECES.values()))[piece] * queue
        days = made * rng.lognormal(0, 0.18, count) + way[country] * rng.lognormal(0, 0.35, count)
        weeks = np.ceil((made + way[country]) / 7 * rng.lognormal(0, 0.05, count)) + 1
        arrived, known_until = bought + (days * DAY).astype(np.int64), self.clock.hours[-1] + KNOWN_AFTER
        cancelled = rng.random(count) < CANCELLED
        has_arrived = (arrived <= known_until) & ~cancelled
        return pl.DataFrame(
            {
                "order_id": ids("months", np.arange(first, last), self.seed).str.slice(0, 12),
                "ordered_at": self.clock.text(bought),
                "arrived_at": self.clock.text(arrived, has_arrived),
                "promised_for": self.clock.text(bought + (weeks * 7 * DAY).astype(np.int64)),
                "ship_to": np.array(list(COUNTRIES))[country],
                "piece": np.array(list(PIECES))[piece],
                "price": (np.array(list(PIECES.values()))[piece] * 20 * rng.lognormal(0, 0.3, count)).round(),
                "status": np.where(cancelled, "cancelled", np.where(has_arrived, "complete", "open")),
            }
        )

"""Raw orders as columns: what a request, a file's rows and the training table have in common."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

REQUIRED_COLUMNS = ("seller_zip_code_prefix", "customer_lat", "customer_lng")
OPTIONAL_COLUMNS = ("purchase_timestamp",)

ZIP_RANGE = (1, 99_999)
LATITUDE_RANGE = (-90.0, 90.0)
LONGITUDE_RANGE = (-180.0, 180.0)
YEARS = (2000, 2099)
"""Of a purchase or a delivery, on the clock of the zone it is written in."""


@dataclass(frozen=True, slots=True)
class Orders:
    """n orders, every array of shape (n,).

    seller_zip_code_prefix: int64, 1..99999. customer_lat, customer_lng: float64, degrees.
    purchase_timestamp: datetime64[s], as on the shop's clock.
    """

    seller_zip_code_prefix: NDArray[np.int64]
    customer_lat: NDArray[np.float64]
    customer_lng: NDArray[np.float64]
    purchase_timestamp: NDArray[np.datetime64]

    def __len__(self) -> int:
        return len(self.seller_zip_code_prefix)

    @classmethod
    def single(
        cls, seller_zip_code_prefix: int, customer_lat: float, customer_lng: float, purchase: datetime
    ) -> "Orders":
        """One order as arrays of length 1."""
        return cls(
            np.array([seller_zip_code_prefix], dtype=np.int64),
            np.array([customer_lat], dtype=np.float64),
            np.array([customer_lng], dtype=np.float64),
            np.array([naive_utc(purchase)], dtype="datetime64[s]"),
        )


def moment_of(text: str) -> datetime:
    """A moment as requests and files write it; ValueError says what it must be."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        moment = None
    if moment is None or not YEARS[0] <= moment.year <= YEARS[1]:
        raise ValueError(f"an ISO 8601 time from {YEARS[0]} to {YEARS[1]}")
    return moment


def naive_utc(moment: datetime) -> datetime:
    """The moment without zone: one with a zone is turned into UTC first, one without is taken as it is."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment

"""The feature contract: raw orders to model columns. The one implementation for training, real time and batch.

Tried and dropped, because the backtest gained nothing: hour of day, month, zip prefix as a number, pace as a column,
weight, price and freight, holidays ahead (they are in `common.model.working_time`), the history of the customer's zip
area, the seller's hand-over times. Levels that lost or drew: windows of 14 and 35 days, current hazards instead of
cohorts, ages scaled by the expected days, more weight for newer orders, groups shrunk towards all. Payment by boleto
takes 0.2 % off the MAE, but a shop learns of the payment after it has promised.
"""

import math
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from common.arrays import Bools
from common.orders.distances import EARTH_RADIUS_KM, great_circle_km
from common.orders.fields import Order, Orders
from common.orders.places import GRID_CELLS_PER_DEGREE, GRID_ORIGIN, GRID_SHAPE, Places

FEATURE_NAMES = (
    "customer_lat",
    "customer_lng",
    "seller_lat",
    "seller_lng",
    "distance_km",
    "same_state",
    "weekday",
)

EPOCH_WEEKDAY = 3
"""1970-01-01 was a Thursday; Monday is 0."""


@dataclass(frozen=True, slots=True)
class Features:
    """n orders for the model: columns float32 (n, len(FEATURE_NAMES)); customer_state int8 and same_state bool (n,)."""

    columns: NDArray[np.float32]
    customer_state: NDArray[np.int8]
    same_state: Bools


def features(orders: Orders, places: Places) -> Features:
    """Model columns of n orders, and the groups by which their delivery pace is looked up."""
    seller_lat = places.lat[orders.seller_zip_code_prefix]
    seller_lng = places.lng[orders.seller_zip_code_prefix]
    customer_state = places.state_at(orders.customer_lat, orders.customer_lng)
    same_state = customer_state == places.state[orders.seller_zip_code_prefix]
    columns = np.empty((len(orders), len(FEATURE_NAMES)), dtype=np.float32)
    columns[:, 0] = orders.customer_lat
    columns[:, 1] = orders.customer_lng
    columns[:, 2] = seller_lat
    columns[:, 3] = seller_lng
    columns[:, 4] = great_circle_km(orders.customer_lat, orders.customer_lng, seller_lat, seller_lng)
    columns[:, 5] = same_state
    columns[:, 6] = (orders.purchase_timestamp.astype("datetime64[D]").astype(np.int64) + EPOCH_WEEKDAY) % 7
    return Features(columns, customer_state, same_state)


def features_of_one(order: Order, purchase: datetime, places: Places) -> tuple[list[float], int, bool]:
    """The same for one order: model columns, customer's state, whether the seller is in the same state.

    Plain floats: an array of length 1 costs as much per operation as one of a thousand.
    """
    seller, customer_lat, customer_lng = order.seller_zip_code_prefix, order.customer_lat, order.customer_lng
    seller_lat = places.lat.item(seller)
    seller_lng = places.lng.item(seller)
    row = min(max(int((customer_lat - GRID_ORIGIN[0]) * GRID_CELLS_PER_DEGREE), 0), GRID_SHAPE[0] - 1)
    column = min(max(int((customer_lng - GRID_ORIGIN[1]) * GRID_CELLS_PER_DEGREE), 0), GRID_SHAPE[1] - 1)
    state = places.state_grid.item(row, column)
    same_state = state == places.state.item(seller)
    phi1, phi2 = math.radians(customer_lat), math.radians(seller_lat)
    half_chord = (
        math.sin((phi2 - phi1) / 2) ** 2
        + math.cos(phi1) * math.cos(phi2) * math.sin(math.radians(seller_lng - customer_lng) / 2) ** 2
    )
    km = 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(half_chord))
    values = [customer_lat, customer_lng, seller_lat, seller_lng, km, float(same_state), float(purchase.weekday())]
    return values, state, same_state

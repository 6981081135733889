"""The feature contract: raw orders to model columns. The one implementation for training, real time and batch."""

import numpy as np
from numpy.typing import NDArray

from common.geography import Centroids, great_circle_km
from common.orders import Orders

FEATURE_NAMES = ("customer_lat", "customer_lng", "seller_lat", "seller_lng", "distance_km")


def features(orders: Orders, centroids: Centroids) -> NDArray[np.float32]:
    """Model columns, float32 of shape (n, len(FEATURE_NAMES)); NaN where the seller's prefix is unknown."""
    seller_lat = centroids.lat[orders.seller_zip_code_prefix]
    seller_lng = centroids.lng[orders.seller_zip_code_prefix]
    columns = np.empty((len(orders), len(FEATURE_NAMES)), dtype=np.float32)
    columns[:, 0] = orders.customer_lat
    columns[:, 1] = orders.customer_lng
    columns[:, 2] = seller_lat
    columns[:, 3] = seller_lng
    columns[:, 4] = great_circle_km(orders.customer_lat, orders.customer_lng, seller_lat, seller_lng)
    return columns

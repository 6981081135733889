"""Distances on the Earth."""

import numpy as np

from common.arrays import Floats

EARTH_RADIUS_KM = 6371.0088
"""Mean radius of the Earth, IUGG 1980."""


def great_circle_km(lat1: Floats, lng1: Floats, lat2: Floats, lng2: Floats) -> Floats:
    """Great-circle distance in km between points in degrees, element by element (haversine formula)."""
    phi1, phi2 = np.radians(lat1), np.radians(lat2)
    half_chord = (
        np.sin((phi2 - phi1) / 2) ** 2
        + np.cos(phi1) * np.cos(phi2) * np.sin(np.radians(np.subtract(lng2, lng1)) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(half_chord))

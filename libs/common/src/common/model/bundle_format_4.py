"""Bundles of format 4, from when there was one shop, in Brazil: read as bundles of today, they answer as they did."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from common.model.working_time import HOLIDAY, ORDINARY

FORMAT = 4
CODES = 100_000

# fmt: off
STATES = (
    "AC", "AL", "AM", "AP", "BA", "CE", "DF", "ES", "GO", "MA", "MG", "MS", "MT", "PA",
    "PB", "PE", "PI", "PR", "RJ", "RN", "RO", "RR", "RS", "SC", "SE", "SP", "TO",
)
# fmt: on
PACE_GROUPS = ("SP", "RJ", "MG+ES", "South", "rest", "other state", "same state")
GROUP_OF = {"SP": 0, "RJ": 1, "MG": 2, "ES": 2, "PR": 3, "SC": 3, "RS": 3}
REST = 4


def manifest_of(stored: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest as format 5 has it. Moments without a zone were UTC."""
    kept = {name: value for name, value in stored.items() if name not in ("holidays", "format")}
    return kept | {
        "typical_days": 10.0,
        "shop": {
            "name": "olist", "country": "BR", "time_zone": "UTC", "code_digits": 5, "numeric": [], "category": []
        },
        "calendar": {"week": ORDINARY, "holiday": HOLIDAY, "holidays": {"BR": stored["holidays"]}},
        "map": {
            "regions": STATES, "rows": 200, "south": -34.0, "west": -74.0, "per_degree": 5.0,
            "pace_groups": PACE_GROUPS,
        },
    }  # fmt: skip


def arrays_of(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """The arrays as format 5 has them: a place for the country, then one for each zip prefix."""
    trees = {name: arrays[name] for name in arrays if name.startswith("trees_")}
    nothing = np.zeros(1)
    return trees | {
        "places_keys": np.array([b"BR/", *(b"BR%05d" % code for code in range(CODES))]),
        "places_lat": np.concatenate([[np.nan], arrays["places_lat"], [np.nan]]),
        "places_lng": np.concatenate([[np.nan], arrays["places_lng"], [np.nan]]),
        "places_region": np.concatenate([[-1], arrays["places_state"], [-1]]).astype(np.int16),
        "places_known": np.concatenate([[False], arrays["places_known"], [False]]),
        "places_by_number": np.arange(1, CODES + 1, dtype=np.int32),
        "regions_group": np.array([*(GROUP_OF.get(state, REST) for state in STATES), REST], dtype=np.int8),
        "regions_cells": arrays["places_state_grid"].astype(np.int16).ravel(),
        "effects_origin": np.concatenate([[0.0], arrays["seller_effect"], [0.0]]),
        "effects_origin_cell": nothing,
        "effects_route": np.zeros((1, 1)),
        "effects_destination": nothing,
        "effects_destination_cell": nothing,
    }

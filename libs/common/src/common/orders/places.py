"""Where orders come from and go to: places by country and postal code, by origin, by region.

Every place has a key, and all keys stand in one sorted array: looking one up costs a microsecond, and 200,000 of them
take a few megabytes. A code's beginnings are places too, so that an unknown code lies where its neighbours do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.arrays import Bools, Floats

NOWHERE = -1
MOST_DIGITS = 5
"""Codes of up to so many digits are looked up by their number."""

Keys = NDArray[np.bytes_]
Indexes = NDArray[np.int32]


def code_key(country: str, code: str) -> bytes:
    """The key of a postal code, upper-cased and without blanks and dashes, or of a code's beginning."""
    return f"{country}{code}".encode()


def region_key(country: str, region: str) -> bytes:
    """The key of a region; without a region, of the country."""
    return f"{country}/{region}".encode()


def origin_key(origin_id: str) -> bytes:
    """The key of a seller, warehouse or site."""
    return b"#" + origin_id.encode()


@dataclass(frozen=True, slots=True)
class Places:
    """m places, and what is known of each.

    keys: bytes (m,), sorted. lat, lng: float64 (m + 1,), degrees, NaN where unknown. region: int16 (m + 1,), see
    `common.orders.regions`, NOWHERE where unknown. known: bool (m + 1,), whether it was seen itself; False for a code's
    beginning. The last entry of each, which the index NOWHERE gives, is of no place. by_number: int32 (10**d,), the
    place of each number of d digits as a postal code of the shop's country; empty where its codes are not such numbers.
    """

    keys: Keys
    lat: Floats
    lng: Floats
    region: NDArray[np.int16]
    known: Bools
    by_number: Indexes

    def find(self, keys: Sequence[bytes]) -> Indexes:
        """The places of n keys, NOWHERE for those that are unknown."""
        width = self.keys.dtype.itemsize
        wanted = np.array([key if len(key) <= width else b"" for key in keys], dtype=self.keys.dtype)
        at = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        return np.where(self.keys[at] == wanted, at, NOWHERE).astype(np.int32)

    def find_one(self, key: bytes) -> int:
        """The same for one key."""
        if len(key) > self.keys.dtype.itemsize:
            return NOWHERE
        at = int(self.keys.searchsorted(np.array(key, dtype=self.keys.dtype)))
        return at if at < len(self.keys) and self.keys.item(at) == key else NOWHERE

    def of_code(self, country: str, code: str, digits: int = 0) -> int:
        """The place of a postal code, or of its longest known beginning; NOWHERE if none is known.

        digits: of the shop's codes, if they are numbers of one length: a shorter number has lost its zeros.
        """
        code = code.zfill(digits) if digits and code.isdigit() else code
        for end in range(len(code), 0, -1):
            place = self.find_one(code_key(country, code[:end]))
            if place != NOWHERE:
                return place
        return NOWHERE

    def of_region(self, country: str, region: str) -> int:
        """The place of a region, or its country; NOWHERE if neither is known."""
        place = self.find_one(region_key(country, region))
        return place if place != NOWHERE else self.find_one(region_key(country, ""))

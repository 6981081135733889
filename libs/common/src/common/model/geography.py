"""From what an order says of its ends to where they are: coordinates, region, and the places that have an effect.

The order of trust: the order's own coordinates, its origin's place, its postal code's, the code's beginning, the
region's, the country's.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np

from common.arrays import Bools, Floats
from common.orders.fields import Order
from common.orders.names import ZIP_CODE_PREFIX
from common.orders.orders import Orders
from common.orders.places import NOWHERE, Indexes, Places, origin_key
from common.orders.regions import Regions
from common.orders.texts import MISSING, Texts

End = Literal["origin", "destination"]


@dataclass(frozen=True, slots=True)
class Ends:
    """One end of n orders. lat, lng: degrees, NaN where unknown. place, cell, region: NOWHERE where unknown.

    known: whether the model has seen the origin, the code or the cell.
    """

    lat: Floats
    lng: Floats
    place: Indexes
    cell: Indexes
    region: Indexes
    known: Bools


class OneEnd(NamedTuple):
    """The same of one order."""

    lat: float
    lng: float
    place: int
    cell: int
    region: int
    known: bool


@dataclass(frozen=True, slots=True)
class Geography:
    """The shop's map. country: of orders that name none. digits: of its codes, 0 if they are not numbers.

    own_place: the country's.
    """

    places: Places
    regions: Regions
    country: str
    digits: int
    own_place: int = field(init=False)

    def __post_init__(self) -> None:
        """Looks the shop's own country up, once."""
        object.__setattr__(self, "own_place", self.places.of_region(self.country, ""))

    def ends(self, orders: Orders, end: End) -> Ends:
        """Where one end of n orders is."""
        place = self._places(orders, end)
        of_place = self.places.region[place].astype(np.int32)
        lat, lng = (orders.numbers.get(f"{end}_{axis}") for axis in ("lat", "lng"))
        if lat is None or lng is None:
            lat, lng, region = self.places.lat[place], self.places.lng[place], of_place
            cell = self.regions.cell(lat, lng)
        else:
            cell = self.regions.cell(lat, lng)
            region = np.where(cell == NOWHERE, of_place, self.regions.of_cell(cell))
            if (unknown := np.isnan(lat) | np.isnan(lng)).any():
                lat, lng = (
                    np.where(unknown, self.places.lat[place], lat),
                    np.where(unknown, self.places.lng[place], lng),
                )
                cell = self.regions.cell(lat, lng)
        return Ends(lat, lng, place, cell, region, self.places.known[place])

    def end(self, order: Order, end: End) -> OneEnd:
        """Where one end of one order is."""
        places, regions = self.places, self.regions
        place = self._place(order, end)
        region = places.region.item(place)
        lat, lng = order.coordinates(end)
        if lat is not None and lng is not None:
            cell = regions.cell_of_one(lat, lng)
            region = regions.cells.item(cell) if cell != NOWHERE else region
        else:
            lat, lng = places.lat.item(place), places.lng.item(place)
            cell = NOWHERE if math.isnan(lat) else regions.cell_of_one(lat, lng)
        return OneEnd(lat, lng, place, cell, region, places.known.item(place))

    def _places(self, orders: Orders, end: End) -> Indexes:
        """The place of one end of n orders, by the order of trust."""
        found = np.full(len(orders), NOWHERE, dtype=np.int32)
        for places in self._by_trust(orders, end):
            found = places if (found == NOWHERE).all() else np.where(found == NOWHERE, places, found)
            if (found != NOWHERE).all():
                break
        return found

    def _by_trust(self, orders: Orders, end: End) -> Iterator[Indexes]:
        if end == "origin" and (origins := orders.texts.get("origin_id")):
            yield origins.gather(self.places.find(list(map(origin_key, origins.values))), NOWHERE)
        if end == "origin" and (numbers := orders.numbers.get(ZIP_CODE_PREFIX)) is not None:
            yield self._of_numbers(numbers)
        countries = orders.texts.get(f"{end}_country")
        if codes := orders.texts.get(f"{end}_postal_code"):
            yield self._of_pairs(countries, codes, self._of_code)
        if regions := orders.texts.get(f"{end}_region"):
            yield self._of_pairs(countries, regions, self.places.of_region)
        if countries:
            known = np.array([self.places.of_region(country, "") for country in countries.values], dtype=np.int32)
            yield countries.gather(known, NOWHERE)
        own = self.own_place
        yield np.where(countries.index == MISSING, own, NOWHERE) if countries else np.full(len(orders), own)

    def _place(self, order: Order, end: End) -> int:
        if end == "origin":
            found = NOWHERE if order.origin_id is None else self.places.find_one(origin_key(order.origin_id))
            if found == NOWHERE and order.seller_zip_code_prefix is not None:
                found = self._of_number(order.seller_zip_code_prefix)
            country, code, region = order.origin_country, order.origin_postal_code, order.origin_region
        else:
            found = NOWHERE
            country, code, region = order.destination_country, order.destination_postal_code, order.destination_region
        if found == NOWHERE and code is not None:
            found = self._of_code(country or self.country, code)
        if found == NOWHERE and region is not None:
            found = self.places.of_region(country or self.country, region)
        if found != NOWHERE:
            return found
        return self.own_place if country is None else self.places.of_region(country, "")

    def _of_code(self, country: str, code: str) -> int:
        return self.places.of_code(country, code, self.digits if country == self.country else 0)

    def _of_numbers(self, numbers: Floats) -> Indexes:
        by_number = self.places.by_number
        if not len(by_number):
            texts = Texts.of(f"{number:.0f}" if number == number else None for number in numbers.tolist())
            return self._of_pairs(None, texts, self._of_code)
        fits = (numbers >= 0) & (numbers < len(by_number))
        return np.where(fits, by_number[np.where(fits, numbers, 0).astype(np.intp)], NOWHERE).astype(np.int32)

    def _of_number(self, number: int) -> int:
        by_number = self.places.by_number
        if not len(by_number):
            return self._of_code(self.country, str(number))
        return by_number.item(number) if number < len(by_number) else NOWHERE

    def _of_pairs(self, countries: Texts | None, texts: Texts, place_of: Callable[[str, str], int]) -> Indexes:
        """The places of n texts, each in its country: every pair that occurs is looked up once."""
        if countries is None:
            places = [place_of(self.country, text) for text in texts.values]
            return texts.gather(np.array(places, dtype=np.int32), NOWHERE)
        pairs = countries.index.astype(np.int64) * (len(texts.values) + 1) + texts.index
        distinct, first, row = np.unique(pairs, return_index=True, return_inverse=True)
        places = [
            place_of(self.country if country < 0 else countries.values[country], texts.values[text])
            if text >= 0
            else NOWHERE
            for country, text in zip(countries.index[first].tolist(), texts.index[first].tolist(), strict=True)
        ]
        return np.array(places, dtype=np.int32)[row.reshape(len(texts))] if len(distinct) else texts.index

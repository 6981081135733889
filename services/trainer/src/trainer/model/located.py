"""A history's orders on the shop's map."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from common.arrays import Bools
from common.model.features import same_region
from common.model.geography import Ends, Geography
from common.orders.orders import Orders
from common.orders.places import Indexes
from common.orders.texts import Texts


@dataclass(frozen=True)
class Located:
    """n orders. origin_area: int32 (n,), the place of the origin by its postal code or region: the parent of a named
    origin. categories: texts of the orders' facts, by name."""

    geography: Geography
    origin: Ends
    destination: Ends
    origin_area: Indexes
    same_region: Bools
    categories: Mapping[str, Texts]

    @classmethod
    def of(cls, orders: Orders, geography: Geography, categories: tuple[str, ...]) -> "Located":
        """Where n orders come from and go to."""
        origin, destination = geography.ends(orders, "origin"), geography.ends(orders, "destination")
        texts = {name: orders.texts[name] for name in categories if name in orders.texts}
        area = (
            geography.ends(orders.without("origin_id"), "origin").place if "origin_id" in orders.texts else origin.place
        )
        return cls(geography, origin, destination, area, same_region(origin, destination), texts)

    def where(self, chosen: Bools) -> "Located":
        """The chosen orders."""
        return replace(
            self,
            origin=_chosen(self.origin, chosen),
            destination=_chosen(self.destination, chosen),
            origin_area=self.origin_area[chosen],
            same_region=self.same_region[chosen],
            categories={name: texts.where(chosen) for name, texts in self.categories.items()},
        )


def _chosen(ends: Ends, chosen: Bools) -> Ends:
    return Ends(*(getattr(ends, name)[chosen] for name in ("lat", "lng", "place", "cell", "region", "known")))

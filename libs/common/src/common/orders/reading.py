"""What of a shop one must know to read its orders."""

from dataclasses import dataclass

from common.orders.clock import Clock


@dataclass(frozen=True)
class Reading:
    """clock: of moments without a zone. numeric, category: the names of the shop's facts."""

    clock: Clock
    numeric: tuple[str, ...] = ()
    category: tuple[str, ...] = ()

    @property
    def facts(self) -> tuple[str, ...]:
        """All facts."""
        return (*self.numeric, *self.category)

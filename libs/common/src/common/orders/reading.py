"""What of a shop one must know to read its orders."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from common.errors import InvalidInput
from common.orders.clock import Clock
from common.orders.fields import Fact
from common.orders.names import PROMISED


@dataclass(frozen=True)
class Reading:
    """clock: of moments without a zone. numeric, category: the names of the shop's facts. promised: whether the model
    uses the shop's own promise."""

    clock: Clock
    numeric: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    promised: bool = False

    @property
    def facts(self) -> tuple[str, ...]:
        """All facts."""
        return (*self.numeric, *self.category)

    @property
    def further(self) -> tuple[str, ...]:
        """All columns that are inputs of this shop's model, and not of every one's."""
        return (*self.facts, PROMISED) if self.promised else self.facts

    def check_facts(self, facts: Mapping[str, Fact], where: str = "") -> None:
        """InvalidInput names a fact that the shop does not declare, or a value of the wrong kind.

        where: of the order, as a prefix of the name.
        """
        for name, value in facts.items():
            if name in self.numeric:
                if isinstance(value, str) or (value is not None and not math.isfinite(value)):
                    raise InvalidInput(f"{where}facts.{name} must be a number (got {value!r})")
            elif name not in self.category:
                declared = ", ".join(self.facts) or "none"
                raise InvalidInput(f"{where}facts.{name} is no fact of this shop: leave it out (facts: {declared})")
            elif not isinstance(value, str | None):
                raise InvalidInput(f"{where}facts.{name} must be a text (got {value!r})")

"""What the search may choose, and what is taken when nobody searched."""

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from common.model.time_scale import TimeScale

ENOUGH = 20_000
"""Deliveries from which on all trees are of use."""

FEWEST_TREES = 40

FEW, SHALLOW = ENOUGH // 2, 4
"""With fewer deliveries deep trees learn single orders by heart: on trucks shallow ones take a quarter off the error of
the probabilities of dates, and some in either half of the months. The MAE is 1 % lower on the months that chose them;
chosen by one half and judged on the other, 0.1 %."""


@dataclass(frozen=True)
class Params:
    """CatBoost's parameters, and what it learns from.

    history_days: only orders bought within these days before the cut-off. half_life_days: the age over which an order's
    weight halves.
    """

    iterations: int = 150
    depth: int = 6
    learning_rate: float = 0.12
    l2_leaf_reg: float = 3.0
    history_days: int = 730
    half_life_days: float = 240.0

    @classmethod
    def usual(cls, deliveries: int, scale: TimeScale) -> "Params":
        """What is taken without a search: fewer and shallower trees where there are few deliveries to learn from."""
        most = cls().slowed(scale)
        trees = round(most.iterations * (deliveries / ENOUGH) ** 0.5)
        depth = SHALLOW if deliveries < FEW else most.depth
        return replace(most, depth=depth, iterations=min(max(trees, FEWEST_TREES), most.iterations))

    def slowed(self, scale: TimeScale) -> "Params":
        """The same on the shop's time scale."""
        slowness = scale.slowness
        return replace(
            self,
            history_days=round(self.history_days * slowness),
            half_life_days=self.half_life_days * slowness,
        )

    @property
    def catboost(self) -> dict[str, Any]:
        """Those that go to CatBoost."""
        own = ("history_days", "half_life_days")
        return {name: value for name, value in asdict(self).items() if name not in own}

    @classmethod
    def of(cls, values: dict[str, Any]) -> "Params":
        """From numbers or their text, as MLflow keeps them; other names are ignored."""
        kinds: dict[Any, type] = {int: int, float: float}
        chosen = {
            field.name: kinds[field.type](float(values[field.name])) for field in fields(cls) if field.name in values
        }
        return cls(**chosen)

"""What a shop declares of its deliveries before it has any: handling, and transit by distance or service."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from common.arrays import Floats

SERVICE = "service"
"""The fact that a line of `transit` may name."""

Days = Annotated[float, Field(ge=0, le=365, allow_inf_nan=False)]


class Transit(BaseModel):
    """A line of the table: up to that distance, and with that service, an order takes so many days from hand-over."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    days: Annotated[float, Field(gt=0, le=365, allow_inf_nan=False)]
    up_to_km: Annotated[float, Field(gt=0, le=25_000)] | None = None
    service: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None


class Declared(BaseModel):
    """The section `[declared]` of a shop file. Of `transit` the first line that fits an order counts, else the last."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    handling_days: Days = 0.0
    transit: Annotated[tuple[Transit, ...], Field(min_length=1)]

    @property
    def services(self) -> tuple[str, ...]:
        """The services that it names, each once."""
        return tuple(dict.fromkeys(line.service for line in self.transit if line.service))

    def days(self, distance_km: Floats, services: Sequence[str | None]) -> Floats:
        """Days from purchase of n orders; an unknown distance (NaN) lies in the middle of the lines that fit."""
        found = np.full(len(distance_km), np.nan)
        given = np.array(services, dtype=object)
        for line in self.transit:
            near = np.isfinite(distance_km) & (distance_km <= (line.up_to_km or np.inf))
            fits = (given == line.service) if line.service else np.ones(len(found), dtype=bool)
            found[np.isnan(found) & near & fits] = line.days
        middle = float(np.median([line.days for line in self.transit]))
        found[np.isnan(found) & np.isnan(distance_km)] = middle
        return self.handling_days + np.where(np.isnan(found), self.transit[-1].days, found)

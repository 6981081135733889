"""The champion as the gateway describes it."""

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from console.access.visitor import Visitor
from console.gateway import Gateway

KEPT_SECONDS = 4.0


@dataclass(frozen=True)
class Champion:
    """The version that answers. learned_until: the newest delivery it has learned from. metrics: in days."""

    version: str
    trained_at: datetime
    learned_until: date | None
    metrics: tuple[tuple[str, float], ...]
    features: tuple[str, ...]
    pace_day: str | None


class Champions:
    """GET /model, remembered for some seconds so that many open pages cost the gateway nothing."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._known: dict[str, tuple[float, Champion]] = {}

    async def of(self, visitor: Visitor) -> Champion:
        """The champion as this visitor may see it; GatewayAway, Refused (also while no model is loaded)."""
        at, known = self._known.get(visitor.name, (0.0, None))
        if known is None or time.monotonic() - at > KEPT_SECONDS:
            known = _champion((await self._gateway.get(visitor, "/model")).json())
            self._known[visitor.name] = (time.monotonic(), known)
        return known


def _champion(body: dict[str, Any]) -> Champion:
    window = body.get("training_window", {})
    until = window.get("known_until") or window.get("end")
    trained = datetime.fromisoformat(body["trained_at"])
    return Champion(
        body["version"],
        trained if trained.tzinfo else trained.replace(tzinfo=UTC),
        datetime.fromisoformat(until).date() if until else None,
        tuple(sorted(body.get("metrics", {}).items())),
        tuple(body.get("features", [])),
        body.get("delivery_pace", {}).get("day"),
    )

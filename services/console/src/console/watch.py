"""Which parts of the system are away, and since when."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from common.addresses import redacted
from common.errors import first_line

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 2.0
PATIENCE_SECONDS = 6.0
FAILURES = 2
"""So many probes in a row must fail: one that is slow once is not away."""

Probe = Callable[[], Awaitable[object]]


@dataclass(frozen=True)
class Part:
    """A part of the system. means: what does not work without it."""

    name: str
    means: str
    probe: Probe


@dataclass(frozen=True)
class Away:
    """A part that does not answer; `since` is the first probe that failed, or the console's start if that was it."""

    name: str
    means: str
    since: datetime
    why: str
    from_start: bool


class Watch:
    """Probes every part again and again, each by itself, so that a silent one delays no other."""

    def __init__(self, parts: list[Part], pause: float = PAUSE_SECONDS) -> None:
        self._parts = parts
        self._pause = pause
        self._failing: dict[str, tuple[Away, int]] = {}
        self._looked: set[str] = set()

    @property
    def away(self) -> tuple[Away, ...]:
        """What is away now, in the order of the parts."""
        found: Mapping[str, Away] = {name: away for name, (away, times) in self._failing.items() if times >= FAILURES}
        return tuple(found[part.name] for part in self._parts if part.name in found)

    async def run(self) -> None:
        """Probe until cancelled."""
        await asyncio.gather(*(self._watch(part) for part in self._parts))

    async def look(self, part: Part) -> None:
        """One probe of one part."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await part.probe()
        except Exception as error:
            self._failed(part, error)
        else:
            if self._failing.pop(part.name, (None, 0))[1] >= FAILURES:
                logger.info("the %s answers again", part.name)
        self._looked.add(part.name)

    def _failed(self, part: Part, error: Exception) -> None:
        why = (
            f"no answer within {PATIENCE_SECONDS:g} s"
            if isinstance(error, TimeoutError)
            else redacted(first_line(error))
        )
        known, times = self._failing.get(part.name, (None, 0))
        away = known or Away(part.name, part.means, datetime.now(UTC), why, part.name not in self._looked)
        self._failing[part.name] = (away, times + 1)
        if times + 1 == FAILURES:
            logger.warning("the %s is away: %s", part.name, why)

    async def _watch(self, part: Part) -> None:
        while True:
            await self.look(part)
            failing = self._failing.get(part.name)
            await asyncio.sleep(self._pause / 4 if failing and failing[1] < FAILURES else self._pause)

"""Something that is done again and again while the console runs."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

logger = logging.getLogger(__name__)


class Background:
    """Calls `work` every `seconds`, whatever becomes of it."""

    def __init__(self, name: str, work: Callable[[], Awaitable[object]], seconds: float) -> None:
        self._name = name
        self._work = work
        self._seconds = seconds

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._work()
            except Exception as error:
                logger.info("%s: %s", self._name, error)
            await asyncio.sleep(self._seconds)

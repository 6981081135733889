"""Swaps of the model in service, written to the table `model_events`."""

import logging
from collections import deque
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

from common.database.session import Database
from common.database.tables import ModelEvent

logger = logging.getLogger(__name__)

KEPT_EVENTS = 100


class SwapRecord:
    """Swaps by `actor` that Postgres has not stored yet: `add` never waits, `write` is called again and again."""

    def __init__(self, database: Database, actor: str) -> None:
        self._database = database
        self._actor = actor
        self._waiting: deque[ModelEvent] = deque(maxlen=KEPT_EVENTS)
        self._away = False

    def add(self, version: str, replaced: str | None) -> None:
        """Note a swap."""
        reason = f"replaces version {replaced}" if replaced else "first model since the start"
        now = datetime.now(UTC)
        self._waiting.append(
            ModelEvent(happened_at=now, event="served", model_version=version, actor=self._actor, reason=reason)
        )

    def write(self) -> None:
        """Write what waits; on an error it stays for the next call."""
        while self._waiting:
            try:
                with self._database.transaction() as session:
                    session.add(self._waiting[0])
            except SQLAlchemyError as error:
                if not self._away:
                    logger.warning("swaps of the model are not recorded yet: %s", type(error).__name__)
                self._away = True
                return
            self._waiting.popleft()
            self._away = False

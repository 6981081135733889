"""Swaps of the model in service, written to the table of model events."""

import logging
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

from common.database.session import transaction
from common.database.tables import ModelEvent

logger = logging.getLogger(__name__)

KEPT_EVENTS = 100


def recorder(actor: str) -> Callable[[str, str | None], None]:
    """Records swaps by `actor`; those that Postgres did not take are tried again with the next."""
    waiting: deque[ModelEvent] = deque(maxlen=KEPT_EVENTS)

    def record(version: str, replaced: str | None) -> None:
        reason = f"replaces version {replaced}" if replaced else "first model since the start"
        waiting.append(
            ModelEvent(happened_at=datetime.now(UTC), event="served", model_version=version, actor=actor, reason=reason)
        )
        try:
            with transaction() as session:
                session.add_all(waiting)
            waiting.clear()
        except SQLAlchemyError as error:
            logger.warning("the swap to version %s is not recorded yet: %s", version, type(error).__name__)

    return record

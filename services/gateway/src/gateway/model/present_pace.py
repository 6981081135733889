"""The present delivery pace from Postgres, where the monitor writes it every day."""

import logging
import time

from sqlalchemy.exc import SQLAlchemyError

from common.database.delivery_pace import read_pace
from common.database.session import Database
from common.model.pace import PaceTable

logger = logging.getLogger(__name__)

READ_AGAIN_SECONDS = 60.0


class PresentPace:
    """The pace table as last read; None until there is one, then the bundle's own is used."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.table: PaceTable | None = None
        self._read_at = -READ_AGAIN_SECONDS

    def refresh(self) -> bool:
        """Read the table if it is time to; True if it says something else than before. Keeps what it has if that fails.

        A corrected label can change the newest day, or take it back.
        """
        if time.monotonic() - self._read_at < READ_AGAIN_SECONDS:
            return False
        self._read_at = time.monotonic()
        try:
            with self._database.transaction() as session:
                table = read_pace(session)
        except SQLAlchemyError as error:
            logger.warning("the delivery pace could not be read: %s", type(error).__name__)
            return False
        if table is None or table.same_as(self.table):
            return False
        self.table = table
        return True

"""Short repeats while the database restarts, and how long to wait before work is tried again."""

import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

REPEATS = 6
LONGEST_WAIT = 60.0

OUTAGES = ("08", "25006", "53", "57", "58")
"""SQLSTATEs: no connection, read-only as in a fail-over, out of disk or memory, stopping, trouble with its files."""

Result = TypeVar("Result")


def patiently(action: Callable[[], Result]) -> Result:
    """Run a database action that may be repeated, again after 0.25, 0.5 ... 8 s while the database is away."""
    for repeat in range(REPEATS):
        try:
            return action()
        except DBAPIError as error:
            if not is_outage(error):
                raise
            time.sleep(0.25 * 2**repeat)
    return action()


def is_outage(error: DBAPIError) -> bool:
    """Whether the server or the way to it, not the statement, is at fault."""
    code = getattr(error.orig, "pgcode", None)
    return error.connection_invalidated or code is None or code.startswith(OUTAGES)


def wait_seconds(first: float, faults: int) -> float:
    """Growing waits: `first` doubled with each fault, a minute at most."""
    return min(LONGEST_WAIT, first * 2.0 ** min(faults, 16))

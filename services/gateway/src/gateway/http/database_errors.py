"""What an error of the database means to a client who cannot mend it: when to come back, and why."""

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

AWAY = "does not answer"

REASONS = {
    "08": AWAY,
    "25006": "is read-only, as it is while it fails over",
    "40": "had two requests wait for each other",
    "42501": "does not let this service do that: its role lacks a privilege",
    "42P01": "lacks a table: run `python -m common.database.migrate`",
    "42703": "lacks a column: run `python -m common.database.migrate`",
    "53100": "has no space left on its disk",
    "53200": "is out of memory",
    "53300": "has no connection left",
    "53": "is out of resources",
    "55P03": "has locked what this needs",
    "57014": "took too long",
    "57": "is starting up or shutting down",
    "58": "has trouble with its disk",
}
"""By SQLSTATE, or by its class (the first two characters)."""


def reason_of(error: DBAPIError | PoolTimeout) -> str | None:
    """Why it may be worth another try later, to follow on `the database`; None for an error that is a fault of ours."""
    if isinstance(error, PoolTimeout):
        return "is busy: every connection of this gateway is in use"
    state = getattr(error.orig, "pgcode", None)
    if state is None:  # no answer of the server's own
        return AWAY if type(error.orig).__name__ in ("OperationalError", "InterfaceError") else None
    return REASONS.get(state) or REASONS.get(state[:2])

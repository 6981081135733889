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

REFUSALS = {
    "too many": REASONS["53300"],
    "remaining connection slots": REASONS["53300"],
    "starting up": REASONS["57"],
    "shutting down": REASONS["57"],
    "not yet accepting": REASONS["57"],
    "in recovery": REASONS["57"],
}
"""What a server says that refuses a connection: psycopg2 gives no SQLSTATE then."""


def reason_of(error: DBAPIError | PoolTimeout) -> str | None:
    """Why it may be worth another try later, to follow on `the database`; None for an error that is a fault of ours."""
    if isinstance(error, PoolTimeout):
        return "is busy: every connection of this gateway is in use"
    state = getattr(error.orig, "pgcode", None)
    if state is None:
        of_the_way = type(error.orig).__name__ in ("OperationalError", "InterfaceError")
        return _refusal(str(error.orig)) if of_the_way else None
    return REASONS.get(state) or REASONS.get(state[:2])


def _refusal(message: str) -> str:
    """Why there is no connection, by what the server said of it, if it said anything."""
    if "FATAL:" not in message:
        return AWAY
    return next((reason for words, reason in REFUSALS.items() if words in message), "does not let this service in")

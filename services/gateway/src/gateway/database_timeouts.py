"""How long a request waits for Postgres.

psycopg2 leaves the waiting to us, so that a database that hangs, or a network that swallows its answers, costs a
request seconds and not a thread for ever: a server's own statement_timeout does not help where the server is silent.
"""

import select
import time

import psycopg2
from psycopg2.extensions import POLL_OK, POLL_READ, STATUS_SETUP, connection, set_wait_callback

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 15.0


def install() -> None:
    """Bound every wait of this process; psycopg2.OperationalError is raised, and the connection closed, after it."""
    set_wait_callback(_wait)


def _wait(connected: connection) -> None:
    seconds = CONNECT_SECONDS if connected.status == STATUS_SETUP else ANSWER_SECONDS
    deadline = time.monotonic() + seconds
    while (state := connected.poll()) != POLL_OK:
        poller = select.poll()
        poller.register(connected.fileno(), select.POLLIN if state == POLL_READ else select.POLLOUT)
        if not poller.poll(max(deadline - time.monotonic(), 0.0) * 1e3):
            raise psycopg2.OperationalError(f"no answer within {seconds:g} s")

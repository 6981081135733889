"""The server process."""

import os

import uvicorn

from common.settings import load
from console import wiring
from console.settings import ConsoleSettings

GRACE_SECONDS = 3
STATEMENT_LIMIT = "-c statement_timeout=10000"
"""For libpq's PGOPTIONS: Postgres stops working on what a page asked for."""
CONNECT_SECONDS = "3"


def serve() -> None:
    """Serve until SIGTERM or SIGINT; InvalidSettings if anything that the console needs is missing."""
    os.environ.setdefault("PGOPTIONS", STATEMENT_LIMIT)
    os.environ.setdefault("PGCONNECT_TIMEOUT", CONNECT_SECONDS)
    app, settings = wiring.from_environment(), load(ConsoleSettings)
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )

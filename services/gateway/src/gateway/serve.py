"""The server processes."""

import uvicorn

from gateway.settings import GatewaySettings

FACTORY = "gateway.app:from_environment"
GRACE_SECONDS = 6
"""For requests in flight after SIGTERM; the log's last flush comes after it, all within ten seconds."""


def serve(settings: GatewaySettings, workers: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    uvicorn.run(
        FACTORY,
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=workers,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )

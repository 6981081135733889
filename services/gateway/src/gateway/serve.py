"""The server processes."""

import contextlib
import os
import resource
import tempfile
from collections.abc import Iterator

import uvicorn

from gateway.http.connections import MOST_CONNECTIONS
from gateway.settings import SHARED_FOLDER, GatewaySettings

FACTORY = "gateway.wiring:from_environment"
GRACE_SECONDS = 6
"""For requests in flight after SIGTERM; the log's last flush comes after it, all within ten seconds."""


def serve(settings: GatewaySettings, workers: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    _allow_files(4 * MOST_CONNECTIONS)
    with _shared_folder(workers):
        uvicorn.run(
            FACTORY,
            factory=True,
            host=settings.host,
            port=settings.port,
            workers=workers,
            loop="uvloop",
            http="gateway.http.protocol:GatewayProtocol",
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # gateway.http.proxying reads them
            timeout_keep_alive=settings.keep_alive_seconds,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )


def _allow_files(number: int) -> None:
    """Let this process and its workers have so many files open, connections among them, if the system lets them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = number if hard == resource.RLIM_INFINITY else min(number, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@contextlib.contextmanager
def _shared_folder(workers: int) -> Iterator[None]:
    """A folder for what several workers share. A single one keeps it in memory, and ends by its signal."""
    if workers == 1:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="gateway-workers-") as folder:
        os.environ[SHARED_FOLDER] = folder
        yield

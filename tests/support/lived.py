"""Services as a shop runs them, for tests of the whole loop."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from support.gateway_fixtures import Gateway


@contextmanager
def worker(service: str) -> Iterator[None]:
    """A service's worker with its children; all gone after the block."""
    process = subprocess.Popen([sys.executable, "-m", f"{service}.cli", "worker"], start_new_session=True)
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def served(gateway: Gateway) -> str:
    return str(gateway.client.get("/model").json()["version"])

"""The whole gateway in this process, on a real socket: its servers are stand-ins, so that it starts in no time."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import httpx
import uvicorn

from common.batch.jobs import BatchJobs
from common.database.tables import BatchJob
from common.model.bundle import Bundle
from common.model.predictor import Predictor
from gateway.access.keys import Key, KeyRing
from gateway.access.limits import RateLimit
from gateway.app import create_app
from gateway.log.sender import Answered, LogSender
from gateway.metrics import Metrics
from gateway.periodic import Periodic
from gateway.settings import GatewaySettings

LOOPBACK = "127.0.0.1"


@dataclass
class KeptLog:
    """Stands for the sender of the prediction log: keeps what it is given."""

    answers: list[Answered] = field(default_factory=list)
    buffered: int = 0
    dropped: int = 0

    def put(self, answered: Answered) -> None:
        self.answers.append(answered)

    def count_invalid(self) -> None:
        """Nobody asks."""

    async def run(self) -> None:
        """Nothing to send."""

    async def close(self, _: float) -> None:
        """Nothing to close."""


class EndlessJobs(BatchJobs):
    """Every job runs for ever. `asked` counts the questions."""

    def __init__(self) -> None:
        self.asked = 0

    def of(self, key: Any, *_: Any) -> "EndlessJobs":
        return self

    def get(self, job_id: UUID) -> BatchJob:
        self.asked += 1
        return cast(BatchJob, _job(job_id))

    def ended(self, _: object) -> set[UUID]:
        self.asked += 1
        return set()


def _job(job_id: UUID) -> SimpleNamespace:
    facts = dict.fromkeys(column.name for column in BatchJob.__table__.columns)
    facts |= dict.fromkeys(("bytes_total", "bytes_done", "rows_done", "rows_failed", "attempts"), 0)
    facts |= {
        "id": job_id,
        "kind": "predictions",
        "status": "running",
        "errors": [],
        "notes": [],
        "on_time_shares": [],
        "details": False,
        "created_at": datetime.now(UTC),
    }
    return SimpleNamespace(**facts | {"input_uri": "s3://b/in.csv", "output_uri": "s3://b/out.csv"})


@dataclass(frozen=True)
class InProcess:
    """A running gateway."""

    port: int
    client: httpx.Client
    log: KeptLog
    jobs: EndlessJobs
    server: uvicorn.Server

    @property
    def connections(self) -> int:
        """How many it has."""
        return len(self.server.server_state.connections)


@contextmanager
def gateway_in_process(
    bundle: Bundle,
    keys: Sequence[Key] = (),
    settings: GatewaySettings | None = None,
    background: Sequence[Periodic] = (),
) -> Iterator[InProcess]:
    """A gateway that serves a bundle's model; it asks for keys if there are any."""
    settings = settings or GatewaySettings()
    predictor, log, jobs = Predictor(bundle), KeptLog(), EndlessJobs()
    champion = SimpleNamespace(current=lambda: predictor, registry_asked=True, checked_at=time.time(), trouble=None)
    ring = KeyRing(lambda: keys) if keys else None
    if ring:
        ring.refresh()
    app = create_app(
        settings,
        cast(Any, champion),
        cast(Any, None),
        cast(LogSender, log),
        ring,
        RateLimit(settings.rate, settings.burst),
        Metrics(),
        background,
        jobs,
        cast(Any, None),
    )
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            LOOPBACK,
            0,
            loop="uvloop",
            http="gateway.http.protocol:GatewayProtocol",
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            proxy_headers=False,
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    with httpx.Client(base_url=f"http://{LOOPBACK}:{port}", timeout=20) as client:
        yield InProcess(port, client, log, jobs, server)
    server.should_exit = server.force_exit = True
    thread.join(10)

"""Batch jobs, by the gateway's routes."""

from dataclasses import dataclass
from typing import Any

from console.access.visitor import Visitor
from console.gateway import Gateway

PATH = "/batch-jobs"
OPEN = ("queued", "running")


@dataclass(frozen=True)
class Job:
    """A batch job as the gateway shows it; one that took actuals in has no output."""

    id: str
    status: str
    input_uri: str
    output_uri: str | None
    rows_total: int | None
    rows_done: int
    rows_failed: int
    progress: float
    errors: tuple[tuple[str, str], ...]
    error: str | None
    model_version: str | None
    created_at: str
    started_at: str | None
    finished_at: str | None

    @property
    def open(self) -> bool:
        """Whether it has not ended."""
        return self.status in OPEN

    @property
    def dataset(self) -> bool:
        """Whether its result is a set of objects."""
        return self.output_uri is not None and self.output_uri.endswith("/")


class Jobs:
    """What the gateway does with jobs, in the visitor's name. Every method raises GatewayAway and Refused."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def submit(self, visitor: Visitor, input_uri: str, output_uri: str | None = None) -> Job:
        """A new job; the gateway checks the input first."""
        body = {"input_uri": input_uri} | ({"output_uri": output_uri} if output_uri else {})
        return _job((await self._gateway.post(visitor, PATH, body)).json())

    async def get(self, visitor: Visitor, job_id: str) -> Job:
        """One job as it is now."""
        return _job((await self._gateway.get(visitor, f"{PATH}/{job_id}")).json())

    async def page(self, visitor: Visitor, limit: int, cursor: str | None) -> tuple[list[Job], str | None]:
        """Jobs, newest first, and the cursor of the page after."""
        body = (await self._gateway.get(visitor, PATH, limit=limit, cursor=cursor)).json()
        return [_job(item) for item in body["items"]], body["next_cursor"]

    async def cancel(self, visitor: Visitor, job_id: str) -> Job:
        """Stop a job."""
        return _job((await self._gateway.post(visitor, f"{PATH}/{job_id}/cancel")).json())

    async def finished(self, visitor: Visitor, job_id: str) -> Job:
        """A job whose result this visitor may have; the gateway refuses one that has none."""
        await self._gateway.get(visitor, f"{PATH}/{job_id}/result")
        return await self.get(visitor, job_id)


def _job(body: dict[str, Any]) -> Job:
    errors = tuple((_row(error), str(error["reason"])) for error in body["errors"])
    known = {name: body[name] for name in Job.__dataclass_fields__ if name != "errors"}
    return Job(**known, errors=errors)


def _row(error: dict[str, Any]) -> str:
    where = f" of {error['object']}" if error.get("object") else ""
    line = f" (line {error['line']})" if error.get("line") else ""
    return f"{error['row']}{line}{where}"

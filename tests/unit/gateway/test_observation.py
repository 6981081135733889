"""A failure that nobody foresaw: the client gets a problem that tells nothing of it, the log gets all."""

import asyncio
import logging

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from gateway.http import problems
from gateway.http.direct_route import Direct, DirectRoutes
from gateway.http.observation import Observation
from gateway.metrics import Metrics
from gateway.routes.prediction_bodies import Order


async def failing(_: Request) -> Response:
    raise RuntimeError("the secret")


IN_PROGRESS = "gateway_requests_waiting"


async def counting(request: Request) -> Response:
    metrics: Metrics = request.app.state.metrics
    metrics.log(0, 0)
    (line,) = [line for line in metrics.exposition().decode().splitlines() if line.startswith(IN_PROGRESS)]
    return Response(line)


async def documented(order: Order) -> None:
    """Never called."""


def app() -> Observation:
    inner, direct = FastAPI(), DirectRoutes()
    inner.router.add_route("/routed", failing)
    direct.add(inner, "/direct", documented, failing)
    problems.install(inner)
    return Observation(Direct(inner, direct), Metrics())


@pytest.mark.parametrize(("method", "path"), [("GET", "/routed"), ("POST", "/direct")])
def test_an_unforeseen_failure_is_a_problem_for_the_client_and_a_traceback_for_the_log(
    method: str, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app()), base_url="http://gateway") as client:
            return await client.request(method, path)

    answer = asyncio.run(ask())
    assert answer.status_code == 500
    assert answer.headers["content-type"] == problems.MEDIA_TYPE
    assert answer.json()["title"] == "Internal error"
    assert answer.headers["x-request-id"] in answer.json()["detail"]
    assert "the secret" not in answer.text
    failures = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [str(record.exc_info and record.exc_info[1]) for record in failures] == ["the secret"]


def test_requests_in_progress_are_counted_and_no_longer_once_answered() -> None:
    inner = FastAPI()
    inner.router.add_route("/counting", counting)
    inner.router.add_route("/failing", failing)
    metrics = inner.state.metrics = Metrics()
    problems.install(inner)

    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(Observation(inner, metrics))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            return [await client.get(path) for path in ("/failing", "/counting")]

    failed, answered = asyncio.run(ask())
    assert (failed.status_code, answered.text) == (500, f"{IN_PROGRESS} 1.0")
    metrics.log(0, 0)
    assert f"{IN_PROGRESS} 0.0" in metrics.exposition().decode()

"""The gateway's routes of predictions in this process, without servers."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from common.model.predictor import Predictor
from gateway.http.direct_route import Direct, DirectRoutes
from gateway.routes import predictions


@dataclass
class Log:
    """Takes what is logged."""

    answers: list[Any] = field(default_factory=list)

    def put(self, answer: Any) -> None:
        self.answers.append(answer)

    def count_invalid(self) -> None:
        pass


@dataclass
class Model:
    """The champion, and the metrics of its answers."""

    predictor: Predictor

    def current(self) -> Predictor:
        return self.predictor

    def predicted(self, days: Any) -> None:
        pass


class Routes:
    """The gateway's routes of predictions, without servers."""

    def __init__(self, predictor: Predictor) -> None:
        routes, model = DirectRoutes(), Model(predictor)
        predictions.add_routes(FastAPI(), routes, model, Log(), model)  # type: ignore[arg-type]
        self._direct = Direct(FastAPI(), routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._direct({**scope, "request_id": "1", "key": None, "state": {}}, receive, send)

    def ask(self, path: str, body: Any) -> httpx.Response:
        async def asked() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self), base_url="http://x") as client:
                return await client.post(path, json=body)

        return asyncio.run(asked())

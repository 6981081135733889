"""POST /actuals: what has become of orders, for monitoring and for the next model."""

from typing import Annotated, Any

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from common.database.actuals import ANYONE, MOST_REPORTS, OrderReport, Speaker, store
from common.database.session import Database
from common.orders.fields import Strict
from gateway.access.keys import Key
from gateway.http import json_body, problems
from gateway.http.direct_route import DirectRoutes

EXAMPLE: Any = {"actuals": [{"order_id": "order-1", "delivered_at": "2018-03-05T16:20:00Z"}]}


class ActualList(Strict):
    """Up to 10,000 reports."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    actuals: Annotated[list[OrderReport], Field(min_length=1, max_length=MOST_REPORTS)]


class Accepted(BaseModel):
    """How many orders there were reports of."""

    accepted: int
    others: int | None = Field(None, description="orders left as they are: another owner's key has spoken of them")


def add_routes(app: FastAPI, direct: DirectRoutes, database: Database) -> None:
    """Serve the route."""

    async def receive(request: Request) -> Response:
        body = await json_body.read(request, ActualList.model_validate_json)
        key: Key | None = request.scope["key"]
        speaker = Speaker(key.owner, key.id, key.opens("admin")) if key else ANYONE
        accepted = await run_in_threadpool(_stored, database, body.actuals, speaker)
        left = len({report.order_id for report in body.actuals}) - accepted
        answer = {"accepted": accepted} | ({"others": left} if left else {})
        return Response(to_json(answer), 202, media_type=json_body.JSON)

    documentation = {"status_code": 202, "tags": ["actuals"], "responses": problems.documented(413, 415, 422)}
    direct.add(app, "/actuals", actuals, receive, **documentation)


async def actuals(deliveries: ActualList) -> Accepted:  # type: ignore[empty-body]
    """Report when orders were delivered, shipped, cancelled or lost; the newest word of a kind counts, null takes it
    back."""


def _stored(database: Database, reports: list[OrderReport], speaker: Speaker) -> int:
    with database.transaction() as session:
        return store(session, reports, speaker)

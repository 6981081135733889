"""POST /actuals: when orders really arrived, for monitoring."""

from datetime import UTC
from typing import Annotated

from fastapi import FastAPI
from pydantic import BaseModel, Field
from pydantic_core import to_json
from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from common.database.session import Database
from common.database.tables import Actual
from common.orders.fields import Moment, OrderId, Strict
from common.orders.moments import naive_utc
from gateway.http import json_body, problems
from gateway.http.direct_route import DirectRoutes

MAX_ACTUALS = 10_000


class ActualDelivery(Strict):
    """A delivery that took place."""

    order_id: OrderId
    delivered_at: Moment


class ActualList(Strict):
    """Up to 10,000 deliveries."""

    actuals: Annotated[list[ActualDelivery], Field(min_length=1, max_length=MAX_ACTUALS)]


class Accepted(BaseModel):
    """How many orders now have their actual delivery."""

    accepted: int


def add_routes(app: FastAPI, direct: DirectRoutes, database: Database) -> None:
    """Serve the route."""

    async def receive(request: Request) -> Response:
        body = await json_body.read(request, ActualList)
        accepted = await run_in_threadpool(_store, database, body.actuals)
        return Response(to_json({"accepted": accepted}), 202, media_type=json_body.JSON)

    documentation = {"status_code": 202, "tags": ["actuals"], "responses": problems.documented(413, 415, 422)}
    direct.add(app, "/actuals", actuals, receive, **documentation)


async def actuals(deliveries: ActualList) -> Accepted:  # type: ignore[empty-body]
    """Report when orders were delivered; a later report of an order replaces the earlier one."""


def _store(database: Database, actuals: list[ActualDelivery]) -> int:
    delivered_at = {actual.order_id: naive_utc(actual.delivered_at).replace(tzinfo=UTC) for actual in actuals}
    rows = [{"order_id": order_id, "delivered_at": moment} for order_id, moment in delivered_at.items()]
    statement = insert(Actual).values(rows)
    replacing = {"delivered_at": statement.excluded.delivered_at, "received_at": func.now()}
    with database.transaction() as session:
        session.execute(statement.on_conflict_do_update(index_elements=["order_id"], set_=replacing))
    return len(rows)

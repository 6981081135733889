"""POST /actuals: when orders really arrived, for monitoring."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import FastAPI
from pydantic import AfterValidator, BaseModel, Field
from pydantic_core import to_json
from sqlalchemy import DateTime, Text, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
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


AHEAD = timedelta(days=1)
"""How far in the future a delivery may seem to be: clocks differ, and so do zones where none is given."""


def _come(moment: datetime) -> datetime:
    if naive_utc(moment) > naive_utc(datetime.now(UTC)) + AHEAD:
        raise ValueError("a moment that has come, at most a day from now")
    return moment


class ActualDelivery(Strict):
    """A delivery that took place. Order ids are one name space of an installation, whoever reports them."""

    order_id: OrderId
    delivered_at: Annotated[Moment, AfterValidator(_come)]


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
    """Write them by order id: two senders of the same orders then wait for each other in one direction only."""
    deliveries = {actual.order_id: naive_utc(actual.delivered_at).replace(tzinfo=UTC) for actual in actuals}
    order_ids = sorted(deliveries)
    columns = (
        func.unnest(literal(order_ids, ARRAY(Text))),
        func.unnest(literal([deliveries[order_id] for order_id in order_ids], ARRAY(DateTime(timezone=True)))),
    )
    statement = insert(Actual).from_select(["order_id", "delivered_at"], select(*columns))
    replacing = {"delivered_at": statement.excluded.delivered_at, "received_at": func.now()}
    with database.transaction() as session:
        session.execute(statement.on_conflict_do_update(index_elements=["order_id"], set_=replacing))
    return len(order_ids)

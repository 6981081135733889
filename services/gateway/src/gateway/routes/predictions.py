"""POST /delivery_time and /delivery_times."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from common.orders.fields import FIELDS, INPUTS, Order, Orders
from common.orders.moments import naive_utc
from gateway.http import json_body, problems
from gateway.http.direct_route import DirectRoutes
from gateway.http.json_body import Body
from gateway.log.sender import LogSender
from gateway.metrics import Metrics
from gateway.model.champion import Champion
from gateway.routes.answers import ManyAnswers, SingleAnswer
from gateway.routes.prediction_bodies import DeliveryTime, OrderList

PROBLEMS = problems.documented(413, 415, 422)

_LOGGED = FIELDS.keys() - {field.name for field in INPUTS}


def add_routes(app: FastAPI, direct: DirectRoutes, champion: Champion, log: LogSender, metrics: Metrics) -> None:
    """Serve both routes from the champion; every answer goes to the log and the metrics."""

    one_at_a_time = CapacityLimiter(1)  # more threads would only take each other's core, and memory

    async def read(request: Request, body: type[Body]) -> Body:
        try:
            return await json_body.read(request, body)
        except problems.Refused:
            log.count_invalid()
            raise

    async def one(request: Request) -> Response:
        started = time.perf_counter()
        order = await read(request, Order)
        predictor = champion.current()
        purchase = naive_utc(order.purchase_timestamp or datetime.now(UTC))
        prediction = predictor.predict_one(order, purchase)
        answer = SingleAnswer(
            request.scope["request_id"],
            order,
            purchase,
            predictor.version,
            prediction,
            time.time(),
            (time.perf_counter() - started) * 1e3,
        )
        log.put(answer)
        metrics.predicted((prediction.days,))
        return Response(answer.json(), media_type=json_body.JSON)

    async def many(request: Request) -> Response:
        started = time.perf_counter()
        orders, logged = _columns((await read(request, OrderList)).orders)
        predictor = champion.current()
        predictions = await to_thread.run_sync(predictor.predict, orders, limiter=one_at_a_time)
        answer = ManyAnswers(
            request.scope["request_id"],
            orders,
            logged,
            predictor.version,
            predictions,
            time.time(),
            (time.perf_counter() - started) * 1e3,
        )
        log.put(answer)
        metrics.predicted(predictions.days.tolist())
        return Response(answer.json(), media_type=json_body.JSON)

    direct.add(app, "/delivery_time", delivery_time, one, tags=["predictions"], responses=PROBLEMS)
    direct.add(app, "/delivery_times", delivery_times, many, tags=["predictions"], responses=PROBLEMS)


async def delivery_time(order: Order) -> DeliveryTime:  # type: ignore[empty-body]
    """Predict the days from purchase to delivery of one order."""


async def delivery_times(orders: OrderList) -> list[DeliveryTime]:  # type: ignore[empty-body]
    """Predict many orders at once; the answers come in the order of the request."""


def _columns(orders: Sequence[Order]) -> tuple[Orders, dict[str, Sequence[Any]]]:
    """The n orders as columns, those of the model and those of the log alone: a tenth of the memory, so that many
    requests may wait in a row."""
    rows = [order.__dict__ for order in orders]
    columns: dict[str, Sequence[Any]] = {name: [row[name] for row in rows] for name in FIELDS}
    now = int(time.time())
    columns["purchase_timestamp"] = [
        now if moment is None else _seconds(moment) for moment in columns["purchase_timestamp"]
    ]
    return Orders.of_columns(columns), {name: columns[name] for name in _LOGGED}


def _seconds(moment: datetime) -> int:
    """Seconds since 1970 in UTC."""
    return int(naive_utc(moment).replace(tzinfo=UTC).timestamp())

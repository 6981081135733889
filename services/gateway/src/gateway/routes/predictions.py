"""POST /delivery_time and /delivery_times."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from common.model.predictor import Predictor
from common.orders.clock import Clock
from common.orders.later import SAID_LATER, check, in_utc
from common.orders.names import LATER
from common.orders.orders import Orders
from common.orders.promises import days_until
from gateway.http import json_body, problems
from gateway.http.direct_route import DirectRoutes
from gateway.http.json_body import Body, JsonResponse
from gateway.log.sender import LogSender
from gateway.metrics import Metrics
from gateway.model.champion import Champion
from gateway.routes.answers import ManyAnswers, SingleAnswer
from gateway.routes.order_list import columns_of
from gateway.routes.prediction_bodies import DeliveryTime, Order, OrderList
from gateway.routes.wishes import Wishes

FORECAST_FROM = "forecast_from"
"""In the answer, and in the log beside what the order said."""

PROBLEMS = problems.documented(413, 415, 422)


def add_routes(app: FastAPI, direct: DirectRoutes, champion: Champion, log: LogSender, metrics: Metrics) -> None:
    """Serve both routes from the champion; every answer goes to the log and the metrics."""

    one_at_a_time = CapacityLimiter(1)  # more threads would only take each other's core, and memory

    async def read(request: Request, body: Callable[[bytes], Body]) -> Body:
        try:
            return await json_body.read(request, body)
        except problems.Refused:
            log.count_invalid()
            raise

    async def one(request: Request) -> Response:
        started = time.perf_counter()
        order = await read(request, Order.__pydantic_validator__.validate_json)
        predictor = champion.current()
        moment = order.purchase_timestamp
        purchase = predictor.clock.utc_of_one(moment) if moment else datetime.now(UTC).replace(tzinfo=None)
        by_days = None if order.deliver_by is None else days_until(order.deliver_by, purchase, predictor.clock)
        if order.__pydantic_fields_set__.isdisjoint(SAID_LATER):
            prediction = predictor.predict_one(order, purchase)
        else:
            said: dict[str, Any] = {name: in_utc(getattr(order, name), predictor.clock) for name in SAID_LATER}
            said[FORECAST_FROM] = _forecast_from(said["shipped_timestamp"], predictor)
            order = order.model_copy(update=said)
            is_later = any(said[name] for name in LATER)
            prediction = (predictor.predict_one_later if is_later else predictor.predict_one)(order, purchase)
        answer = SingleAnswer(
            request.scope["request_id"],
            order,
            purchase,
            predictor,
            prediction,
            [(share, prediction.distribution.days_at(share)) for share in order.on_time_share or ()],
            by_days,
            time.time(),
            (time.perf_counter() - started) * 1e3,
        )
        log.put(answer)
        metrics.predicted((prediction.days,))
        return JsonResponse(answer.json())

    async def many(request: Request) -> Response:
        started = time.perf_counter()
        given = await read(request, columns_of)
        predictor = champion.current()
        unsaid = [None] * len(next(iter(given.values())))
        purchase = _purchases(given.pop("purchase_timestamp", unsaid), predictor.clock)
        wishes = Wishes.of(given, purchase, predictor.clock)
        for name in given.keys() & SAID_LATER:
            given[name] = [in_utc(moment, predictor.clock) for moment in given[name]]
        if "shipped_timestamp" in given:
            given[FORECAST_FROM] = [_forecast_from(moment, predictor) for moment in given["shipped_timestamp"]]
        orders = _orders(given, purchase, predictor)
        predictions = await to_thread.run_sync(predictor.predict, orders, limiter=one_at_a_time)
        answer = ManyAnswers(
            request.scope["request_id"],
            given,
            purchase,
            wishes,
            predictor,
            predictions,
            time.time(),
            (time.perf_counter() - started) * 1e3,
        )
        log.put(answer)
        metrics.predicted(predictions.days.tolist())
        return JsonResponse(answer.json())

    direct.add(app, "/delivery_time", delivery_time, one, tags=["predictions"], responses=PROBLEMS)
    direct.add(app, "/delivery_times", delivery_times, many, tags=["predictions"], responses=PROBLEMS)


async def delivery_time(order: Order) -> DeliveryTime:  # type: ignore[empty-body]
    """Predict the days from purchase to delivery of one order."""


async def delivery_times(orders: OrderList) -> list[DeliveryTime]:  # type: ignore[empty-body]
    """Predict many orders at once; the answers come in the order of the request."""


def _forecast_from(shipped: datetime | None, predictor: Predictor) -> str | None:
    """What the answer to an order counts from that says when it was handed over: older models know no hand-overs."""
    if shipped is None:
        return None
    return "hand_over" if predictor.knows_hand_overs else "purchase"


def _purchases(moments: Sequence[datetime | None], clock: Clock) -> list[int]:
    """In seconds since 1970, UTC: now where an order does not say."""
    now = int(time.time())
    return [now if moment is None else _seconds(moment, clock) for moment in moments]


def _seconds(moment: datetime, clock: Clock) -> int:
    return int(clock.utc_of_one(moment).replace(tzinfo=UTC).timestamp())


def _orders(given: Mapping[str, Sequence[Any]], purchase: Sequence[int], predictor: Predictor) -> Orders:
    """The n orders for the model; InvalidInput names a fact that the shop does not declare, or a moment that cannot
    be."""
    columns: dict[str, Any] = {**given, "purchase_timestamp": np.array(purchase, dtype="datetime64[s]")}
    reading = predictor.reading
    for row, facts in enumerate(columns.pop("facts", ())):
        if facts:
            reading.check_facts(facts, f"orders.{row}.")
    if "facts" in given and reading.facts:
        each = [facts or {} for facts in given["facts"]]
        columns |= {name: [facts.get(name) for facts in each] for name in reading.facts}
    orders = Orders.of_columns(columns, reading.numeric, reading.category, reading.promised)
    check(orders.purchase_timestamp, orders.later, "orders.{}.")
    return orders

"""GET /orders: the present word on a logged order, and those that will likely miss their promise."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import FastAPI, Query, Request
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import text

from common.database.at_risk import page
from common.database.present import present
from common.database.session import Database
from common.errors import InvalidInput, NotFound
from common.model.after_purchase.watched import as_known, days_between, handed_over_of, moments_of, promise_of
from common.model.predictor import Predictor
from common.orders.logged import logged_orders
from gateway.access.keys import Key
from gateway.http import problems
from gateway.model.champion import Champion
from gateway.routes.orders import OrderId

Moment = (
    Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2100, 1, 1, tzinfo=UTC))] | None
)
Status = Literal["under_way", "delivered", "cancelled", "lost"]


class Answer(BaseModel):
    """An answer that was given for the order, in days from purchase."""

    predicted_at: datetime
    model_version: str
    delivery_time_days: float
    lower_days: float
    upper_days: float


class Estimate(BaseModel):
    """What is expected now, given that the order has not arrived, and its hand-over if that is known."""

    delivery_time_days: float = Field(description="days from purchase")
    lower_days: float
    upper_days: float
    delivery_date: date = Field(description="on the shop's calendar; never in the past")
    lower_date: date
    upper_date: date
    forecast_from: Literal["hand_over", "purchase"]
    model_version: str
    pace_day: date


class OrderStatus(BaseModel):
    """The present word on an order."""

    order_id: str
    status: Status
    purchase_timestamp: datetime
    promised_at: datetime | None = Field(description="as the shop said, else the longest promise that was answered")
    shipped_at: datetime | None
    delivered_at: datetime | None
    cancelled_at: datetime | None
    lost_at: datetime | None
    presumed_lost: bool = Field(description="under way for longer than orders of this shop take that arrive")
    first_answer: Answer
    answers: list[Answer] = Field(description="up to a hundred, the first one first")
    present_estimate: Estimate | None = Field(description="null once the order has ended")
    late_probability: float | None = Field(
        ge=0, le=1, description="to miss the promise; 0 or 1 once it was delivered; null without a promise"
    )


class OrderAtRisk(BaseModel):
    """An order under way that will likely miss its promise, as the monitor has last seen it."""

    order_id: str
    late_probability: float = Field(ge=0, le=1)
    promised_at: datetime
    expected_at: datetime
    purchase_timestamp: datetime
    shipped_at: datetime | None
    since: datetime = Field(description="when it came to be at risk")
    computed_at: datetime
    model_version: str


class AtRiskPage(BaseModel):
    """Orders at risk, worst first."""

    items: list[OrderAtRisk]
    next_cursor: str | None


def add_routes(app: FastAPI, database: Database, champion: Champion) -> None:
    """Serve both routes."""

    @app.get("/orders", tags=["orders"], responses=problems.documented(422))
    def orders_at_risk(
        request: Request,
        at_risk: Annotated[
            bool,
            Query(
                description="true: those under way that will likely miss their promise",
                json_schema_extra={"enum": [True]},
            ),
        ],
        limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
        cursor: Annotated[str | None, Query(max_length=400, description="`next_cursor` of the page before")] = None,
        promised_from: Annotated[Moment, Query(description="only those promised at or after this moment")] = None,
        promised_before: Annotated[Moment, Query(description="only those promised before it")] = None,
    ) -> AtRiskPage:
        """The orders at risk, worst first, a page at a time; the monitor looks for them every hour."""
        if not at_risk:
            raise InvalidInput("at_risk must be true: there is no list of all orders")
        with database.transaction() as session:
            found, next_cursor = page(session, _owner(request), limit, cursor, promised_from, promised_before)
        items = [OrderAtRisk.model_validate(vars(row) | {"late_probability": row.probability}) for row in found]
        return AtRiskPage(items=items, next_cursor=next_cursor)

    @app.get("/orders/{order_id:path}", tags=["orders"], responses=problems.documented(404, 422))
    def order_status(request: Request, order_id: OrderId) -> OrderStatus:
        """What became of an order that was asked for with its id, and when it is expected now."""
        with database.transaction() as session:
            found = session.execute(_ANSWERS, {"order_id": order_id, "owner": _owner(request)}).mappings()
            answers = [dict(row) for row in found]
            now = present(session).replace(tzinfo=None)
        if not answers:
            raise NotFound(f"there is no order {order_id!r}: nobody asked for it, or it is in the archive by now")
        return _status(answers, champion, now)


def _owner(request: Request) -> str | None:
    """Whose orders the client may see: its owner's, or all where no key is asked for or the key sees all."""
    key: Key | None = request.scope["key"]
    return None if key is None or key.sees_all(request.method) else key.owner


def _status(answers: list[dict[str, Any]], champion: Champion, now: datetime) -> OrderStatus:
    """The word on an order from its answers in the log, the first one first."""
    row, said = answers[0], [answer | _as_said(answer, champion) for answer in answers]
    ended: Status | None = next(
        (status for status in ("cancelled", "lost", "delivered") if row[f"{status}_at"] is not None), None
    )
    purchase = row["purchase_timestamp"]
    promises = (promise_of(answer["purchase_timestamp"], answer["further"]) for answer in answers)
    promised_at = next((promise for promise in promises if promise), None)
    estimate, probability = None, None
    if ended is None:
        estimate, probability = _estimate(answers, champion.current(), now, promised_at)
    elif ended == "delivered" and promised_at is not None:
        probability = float(row["delivered_at"].astimezone(UTC).replace(tzinfo=None) > promised_at)
    return OrderStatus.model_validate(
        row
        | {
            "status": ended or "under_way",
            "purchase_timestamp": purchase.replace(tzinfo=UTC),
            "promised_at": promised_at and promised_at.replace(tzinfo=UTC),
            "presumed_lost": ended is None and now - purchase > timedelta(days=champion.current().lost_after),
            "first_answer": said[0],
            "answers": said,
            "present_estimate": estimate,
            "late_probability": probability,
        }
    )


def _as_said(row: dict[str, Any], champion: Champion) -> dict[str, float]:
    """The days of an answer with the decimals that days are said with; the log keeps more."""
    decimals = champion.current().decimals if champion.version else 2
    return {name: round(row[name], decimals) for name in ("delivery_time_days", "lower_days", "upper_days")}


def _estimate(
    answers: list[dict[str, Any]], predictor: Predictor, now: datetime, promised_at: datetime | None
) -> tuple[Estimate, float | None]:
    """What is expected of an order that is under way now, and the probability that it misses its promise."""
    names = ("seller_zip_code_prefix", "customer_lat", "customer_lng", "purchase_timestamp", "further")
    row = answers[0]
    orders = logged_orders({name: [row[name]] for name in names}, predictor.reading)
    shipped = moments_of([row["shipped_at"] or handed_over_of([answer["further"] for answer in answers])])
    known = as_known(orders, shipped, np.datetime64(now, "s"))
    predicted = predictor.predict(known)
    days = {name: getattr(predicted, name).item(0) for name in ("days", "lower_days", "upper_days")}
    dates = {
        name: predictor.clock.local_of_one(max(row["purchase_timestamp"] + timedelta(days=each), now)).date()
        for name, each in days.items()
    }
    from_hand_over = predictor.knows_hand_overs and not np.isnat(known.later["shipped_timestamp"][0])
    estimate = Estimate(
        delivery_time_days=round(days["days"], predictor.decimals),
        lower_days=round(days["lower_days"], predictor.decimals),
        upper_days=round(days["upper_days"], predictor.decimals),
        delivery_date=dates["days"],
        lower_date=dates["lower_days"],
        upper_date=dates["upper_days"],
        forecast_from="hand_over" if from_hand_over else "purchase",
        model_version=predictor.version,
        pace_day=predictor.pace_day,
    )
    if promised_at is None:
        return estimate, None
    by = days_between(orders.purchase_timestamp, moments_of([promised_at]))
    return estimate, round(1 - predicted.distribution.probability_by(by).item(0), 4)


_ANSWERS = text("""
    SELECT predictions.order_id, predicted_at, model_version, delivery_time_days, lower_days, upper_days,
           seller_zip_code_prefix, customer_lat, customer_lng, further,
           purchase_timestamp AT TIME ZONE 'UTC' AS purchase_timestamp,
           shipped_at, delivered_at, cancelled_at, lost_at
    FROM predictions LEFT JOIN actuals ON actuals.order_id = predictions.order_id
      AND (CAST(:owner AS text) IS NULL OR actuals.owner IN ('', :owner))
    WHERE predictions.order_id = :order_id AND role = 'champion'
      AND (CAST(:owner AS text) IS NULL OR predictions.key_id IN (SELECT id FROM api_keys WHERE owner = :owner))
    ORDER BY predicted_at, id
    LIMIT 100
""")
"""Whoever asks for an order by an id that another owner uses learns nothing of what that one has reported."""

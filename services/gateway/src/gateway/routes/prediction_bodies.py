"""What clients send to and get from the prediction routes, beside the order itself (`common.orders.fields`)."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from common.model.uncertainty.confidence import REASONS
from common.orders import fields
from common.orders.fields import Strict
from common.orders.promises import DeliverBy, OnTimeShares

MAX_ORDERS = 1_000


class Order(fields.Order):
    """An order whose delivery time is asked for, with promises and the probability of a date if they are wanted too."""

    on_time_share: OnTimeShares | None = Field(
        None, description="share of orders like this one that must arrive in time: asks for a promise, or up to five"
    )
    deliver_by: DeliverBy | None = Field(
        None, description="date, or moment, by which it must arrive: asks for the probability that it does"
    )


class OrderList(Strict):
    """Up to 1,000 orders at once."""

    orders: Annotated[list[Order], Field(min_length=1, max_length=MAX_ORDERS)]


class Confidence(BaseModel):
    """How far an answer is to be trusted, and what speaks against it; see docs/promises.md."""

    level: Literal["high", "medium", "low"]
    reasons: list[str] = Field(json_schema_extra={"items": {"enum": list(REASONS)}})


class Promise(BaseModel):
    """A share of orders like this one arrives within these days, so by this date."""

    on_time_share: float
    days: float
    date: date


class DeliveryTime(BaseModel):
    """A prediction for one order: days from purchase to delivery, with their 90 % interval, and their dates.

    What the order said of its origin and destination is repeated. Dates are those of the shop's clock.
    """

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "seller_zip_code_prefix": 9350,
                    "customer_lat": -23.577,
                    "customer_lng": -46.587,
                    "delivery_time": 9,
                    "delivery_time_days": 8.85,
                    "lower_days": 3.4,
                    "upper_days": 19.6,
                    "model_version": "3",
                    "seller_known": True,
                    "delivery_date": "2018-05-30",
                    "lower_date": "2018-05-24",
                    "upper_date": "2018-06-09",
                    "confidence": {"level": "high", "reasons": []},
                    "pace_day": "2018-05-20",
                    "promises": [{"on_time_share": 0.9, "days": 15.31, "date": "2018-06-05"}],
                    "deliver_by_probability": 0.8713,
                }
            ]
        },
    )

    seller_zip_code_prefix: int | None = None
    customer_lat: float | None = None
    customer_lng: float | None = None
    delivery_time: int = Field(description="whole days, rounded")
    delivery_time_days: float = Field(description="days, the median")
    lower_days: float = Field(description="days: one delivery in twenty is faster")
    upper_days: float = Field(description="days: one delivery in twenty is slower")
    forecast_from: Literal["hand_over", "purchase"] | None = Field(
        None, description="to an order with a shipped_timestamp: hand_over, or purchase by a model without hand-overs"
    )
    model_version: str
    seller_known: bool = Field(description="false where the model has never seen the origin")
    delivery_date: date = Field(description="the day that delivery_time_days end on")
    lower_date: date = Field(description="the day that lower_days end on")
    upper_date: date = Field(description="the day that upper_days end on")
    confidence: Confidence
    pace_day: date = Field(description="newest day of the delivery pace behind the answer")
    promises: list[Promise] | None = Field(None, description="one for each on_time_share that was asked for")
    deliver_by_probability: float | None = Field(None, description="only where deliver_by was given")

"""What clients send to and get from the prediction routes, beside the order itself (`common.orders.fields`)."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from common.orders.fields import Order, Strict

MAX_ORDERS = 1_000


class OrderList(Strict):
    """Up to 1,000 orders at once."""

    orders: Annotated[list[Order], Field(min_length=1, max_length=MAX_ORDERS)]


class DeliveryTime(BaseModel):
    """A prediction for one order: days from purchase to delivery, with their 90 % interval.

    What the order said of its origin and destination is repeated.
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
    model_version: str
    seller_known: bool = Field(description="false where the model has never seen the origin")

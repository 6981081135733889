"""What clients send to and get from the prediction routes. Strict: no unknown field, no number in a string, no NaN."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from common.orders.columns import LATITUDE_RANGE, LONGITUDE_RANGE, ZIP_RANGE, moment_of

MAX_ORDERS = 1_000


def _moment(value: object) -> object:
    return moment_of(value) if isinstance(value, str) else value


def _integral(number: object) -> object:
    """JSON knows one kind of number: 9350.0 is an integer too."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


ZipCodePrefix = Annotated[
    int,
    Field(ge=ZIP_RANGE[0], le=ZIP_RANGE[1], description="first five digits of the seller's zip code"),
    BeforeValidator(_integral),
]
Latitude = Annotated[
    float, Field(ge=LATITUDE_RANGE[0], le=LATITUDE_RANGE[1], allow_inf_nan=False, description="degrees")
]
Longitude = Annotated[
    float, Field(ge=LONGITUDE_RANGE[0], le=LONGITUDE_RANGE[1], allow_inf_nan=False, description="degrees")
]
OrderId = Annotated[
    str,
    Field(pattern=r"^[!-~]{1,64}$", description="visible ASCII; the actual delivery is joined by it"),
]
Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    Field(json_schema_extra={"pattern": r"^20[0-9]{2}-"}, description="ISO 8601, UTC where no zone is given"),
]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Order(Strict):
    """An order whose delivery time is asked for."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"seller_zip_code_prefix": 9350, "customer_lat": -23.577, "customer_lng": -46.587}]
        }
    )

    seller_zip_code_prefix: ZipCodePrefix
    customer_lat: Latitude
    customer_lng: Longitude
    purchase_timestamp: Moment | None = Field(None, description="moment of the purchase; now if left out")
    order_id: OrderId | None = None


class OrderList(Strict):
    """Up to 1,000 orders at once."""

    orders: Annotated[list[Order], Field(min_length=1, max_length=MAX_ORDERS)]


class DeliveryTime(BaseModel):
    """A prediction for one order: days from purchase to delivery, with their 90 % interval."""

    model_config = ConfigDict(
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
        }
    )

    seller_zip_code_prefix: int
    customer_lat: float
    customer_lng: float
    delivery_time: int = Field(description="whole days, rounded")
    delivery_time_days: float = Field(description="days, the median")
    lower_days: float = Field(description="days: one delivery in twenty is faster")
    upper_days: float = Field(description="days: one delivery in twenty is slower")
    model_version: str
    seller_known: bool = Field(description="false where the model has never seen the seller's zip prefix")

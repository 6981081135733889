"""The order's fields, declared once: `Order` is one order as a request has it, `Orders` are many as arrays.

HTTP bodies, the columns of files and the documents follow from these two. A further field is a line in `Order`, one in
`Orders` if the model reads it, and one in `common.servers.prediction_log.LoggedPrediction` with a migration.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Annotated, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from common.orders.moments import moment_of, naive_utc

Kind = Literal["whole", "number", "moment", "text"]


def _integral(number: object) -> object:
    """JSON knows one kind of number: 9350.0 is an integer too."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _moment(value: object) -> object:
    return moment_of(value) if isinstance(value, str) else value


ZipCodePrefix = Annotated[
    int, Field(ge=1, le=99_999, description="first five digits of the seller's zip code"), BeforeValidator(_integral)
]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False, description="degrees")]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False, description="degrees")]
OrderId = Annotated[
    str, Field(pattern=r"^[!-~]{1,64}$", description="visible ASCII; the actual delivery is joined by it")
]
Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    Field(json_schema_extra={"pattern": r"^20[0-9]{2}-"}, description="ISO 8601, UTC where no zone is given"),
]


class Strict(BaseModel):
    """No unknown field, no number in a string, no NaN."""

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


class Columns(Protocol):
    """Columns by name: a mapping, or a data frame of any library."""

    def __contains__(self, name: Any, /) -> bool: ...

    def __getitem__(self, name: Any, /) -> Any: ...


@dataclass(frozen=True, slots=True)
class Orders:
    """What the model reads of n valid orders, every array of shape (n,).

    seller_zip_code_prefix: int64, 1..99999. customer_lat, customer_lng: float64, degrees.
    purchase_timestamp: datetime64[s], as on the shop's clock.
    """

    seller_zip_code_prefix: NDArray[np.int64]
    customer_lat: NDArray[np.float64]
    customer_lng: NDArray[np.float64]
    purchase_timestamp: NDArray[np.datetime64]

    def __len__(self) -> int:
        return len(self.seller_zip_code_prefix)

    @classmethod
    def of_columns(cls, columns: Columns) -> "Orders":
        """The orders of a table with a column for each field; an optional number without a column is missing (NaN)."""
        count = len(columns[INPUTS[0].name])

        def array(field: OrderField) -> NDArray[Any]:
            if field.kind == "number" and not field.required and field.name not in columns:
                return np.full(count, np.nan)
            return np.asarray(columns[field.name], DTYPES[field.kind])

        return cls(**{field.name: array(field) for field in INPUTS})

    def where(self, chosen: NDArray[np.bool_]) -> "Orders":
        """The chosen orders."""
        return Orders(**{field.name: getattr(self, field.name)[chosen] for field in INPUTS})

    def columns(self) -> dict[str, list[Any]]:
        """Each field's n values as JSON has them, by its name."""
        return {
            field.name: (np.datetime_as_string(array) if field.kind == "moment" else array).tolist()
            for field, array in ((field, getattr(self, field.name)) for field in INPUTS)
        }

    def each(self) -> Iterator[tuple[Order, datetime]]:
        """One order after the other, each with its moment of purchase."""
        names = [field.name for field in INPUTS]
        for row in zip(*(getattr(self, name).tolist() for name in names), strict=True):
            order = Order.model_construct(**dict(zip(names, row, strict=True)))
            yield order, naive_utc(row[names.index("purchase_timestamp")])


@dataclass(frozen=True, slots=True)
class OrderField:
    """A field of `Order` as files see it; `bounds` are those of a number, both included."""

    name: str
    kind: Kind
    required: bool
    bounds: tuple[float, float]

    def admits(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which of n numbers the field may hold; NaN is none."""
        low, high = self.bounds
        fits = (values >= low) & (values <= high)
        return fits & (values == np.floor(values)) if self.kind == "whole" else fits


def _described(name: str, schema: dict[str, Any], required: bool) -> OrderField:
    """A field from what the JSON schema says of it; an optional one is `anyOf` it and null."""
    value = schema.get("anyOf", [schema])[0]
    kinds: dict[str, Kind] = {"integer": "whole", "number": "number", "date-time": "moment", "string": "text"}
    kind = kinds[value.get("format", value["type"])]
    return OrderField(name, kind, required, (value.get("minimum", -np.inf), value.get("maximum", np.inf)))


_SCHEMA = Order.model_json_schema()
FIELDS = {name: _described(name, schema, name in _SCHEMA["required"]) for name, schema in _SCHEMA["properties"].items()}
"""Every field by its name."""

DTYPES: dict[Kind, str] = {"whole": "int64", "number": "float64", "moment": "datetime64[s]"}
INPUTS = tuple(FIELDS[part.name] for part in fields(Orders))
"""What the model reads: the columns of a file that are checked. All others pass through."""

REQUIRED_COLUMNS = tuple(field.name for field in INPUTS if field.required)
OPTIONAL_COLUMNS = tuple(field.name for field in INPUTS if not field.required)

"""An order's fields, declared once: `Order` is one order as a request has it.

HTTP bodies, the columns of files and the documents follow from it; `common.orders.orders.Orders` are many as columns.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from common.orders.moments import MOMENT, moment_of
from common.orders.names import OLD_NAMES, ZIP_CODE_PREFIX
from common.orders.shop.countries import ALPHA2_OF, COUNTRIES, country_of

Kind = Literal["whole", "number", "moment", "text"]

LONGEST_TEXT = 64
NO_NUL = r"^[^\x00]*$"
"""Postgres keeps no text with a NUL in it."""

_OLD_THREE = frozenset({"seller_zip_code_prefix", "customer_lat", "customer_lng"})
"""Most orders say no more: that they can be located is seen at once."""

LOCATION_FAULT = "location"
"""The type of pydantic's error for an order that cannot be located; its context has `location_faults`."""


def _integral(number: object) -> object:
    """JSON knows one kind of number: 9350.0 is an integer too."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _moment(value: object) -> object:
    if isinstance(value, int | float):
        raise ValueError(MOMENT)
    return moment_of(value) if isinstance(value, str) else value


def _country(value: object) -> object:
    try:
        return country_of(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError("a country's ISO 3166 code, such as DE or DEU") from None


POSTAL_CODE_MARKS = r"[\s\-‐-―]"
"""What is no part of a postal code: blanks and dashes of every kind."""

SPREADSHEET_NUMBER = r"^\s*([0-9]+)\.0\s*$"
"""A code that a spreadsheet took for a number."""


def postal_code_of(text: str) -> str:
    """The code as it is compared: upper-cased, without blanks and dashes; its leading zeros count."""
    return re.sub(POSTAL_CODE_MARKS, "", re.sub(SPREADSHEET_NUMBER, r"\1", text)).upper()


def _postal_code(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise PydanticCustomError("string_type", "Input should be text, in quotes: leading zeros count")
    return postal_code_of(value) if isinstance(value, str) else value


ZipCodePrefix = Annotated[
    int, Field(ge=1, le=99_999, description="postal code of the origin as a number"), BeforeValidator(_integral)
]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False, description="degrees")]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False, description="degrees")]
OrderId = Annotated[
    str, Field(pattern=r"^[!-~]{1,64}$", description="visible ASCII; the actual delivery is joined by it")
]
Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    Field(json_schema_extra={"pattern": r"^20[0-9]{2}-"}, description="ISO 8601, on the shop's clock without a zone"),
]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TEXT, pattern=NO_NUL)]
Country = Annotated[
    str,
    BeforeValidator(_country),
    Field(description="ISO 3166-1, two letters or three", json_schema_extra={"enum": [*sorted(COUNTRIES), *ALPHA2_OF]}),
]
PostalCode = Annotated[
    str,
    BeforeValidator(_postal_code),
    Field(
        min_length=1,
        max_length=LONGEST_TEXT,
        description="text: leading zeros count; case, blanks, dashes do not",
        pattern=NO_NUL,
        json_schema_extra={"pattern": r"^[^\x00]*[0-9A-Za-z][^\x00]*$"},
    ),
]
Fact = float | Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST_TEXT, pattern=NO_NUL)] | None

ORIGIN = ("origin_id", "origin_postal_code", "origin_lat", "origin_region", "origin_country")
DESTINATION = ("destination_postal_code", "destination_lat", "destination_region", "destination_country")
_OF_TODAY = frozenset({*ORIGIN, *DESTINATION, "origin_lng", "destination_lng"})
"""An order that names none of them says where it comes from and goes to by the old three names, or not at all."""

PAIRS = {"origin_lat": "origin_lng", "destination_lat": "destination_lng", "customer_lat": "customer_lng"}
"""Coordinates come in pairs."""

RENAMED = {old: new for old, new in OLD_NAMES.items() if old != "delivered_at"}


def _has(name: str) -> dict[str, Any]:
    """A JSON schema: the field is there and not null."""
    return {"required": [name], "properties": {name: {"not": {"type": "null"}}}}


_BOTH_WAYS = [*PAIRS.items(), *((lng, lat) for lat, lng in PAIRS.items())]
_SAYS_WHERE: list[Any] = [
    {"anyOf": [_has(name) for name in (ZIP_CODE_PREFIX, *ORIGIN)]},
    {"anyOf": [_has(name) for name in ("customer_lat", *DESTINATION)]},
    *({"if": _has(one), "then": _has(other)} for one, other in _BOTH_WAYS),
    *({"not": {"allOf": [_has(old), _has(new)]}} for old, new in RENAMED.items()),
]


class Strict(BaseModel):
    """No unknown field, no number in a string, no NaN."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Order(Strict):
    """An order whose delivery time is asked for. It needs a way to know its origin, and one its destination."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"seller_zip_code_prefix": 9350, "customer_lat": -23.577, "customer_lng": -46.587}],
            "allOf": _SAYS_WHERE,
        }
    )

    seller_zip_code_prefix: ZipCodePrefix | None = None
    customer_lat: Latitude | None = Field(None, description="degrees; today destination_lat")
    customer_lng: Longitude | None = Field(None, description="degrees; today destination_lng")
    purchase_timestamp: Moment | None = Field(None, description="moment of the purchase; now if left out")
    order_id: OrderId | None = None
    origin_id: Text | None = Field(None, description="seller, warehouse or site")
    origin_country: Country | None = None
    origin_postal_code: PostalCode | None = None
    origin_lat: Latitude | None = None
    origin_lng: Longitude | None = None
    origin_region: Text | None = None
    destination_country: Country | None = None
    destination_postal_code: PostalCode | None = None
    destination_lat: Latitude | None = None
    destination_lng: Longitude | None = None
    destination_region: Text | None = None
    shipped_timestamp: Moment | None = Field(None, description="when it was handed over to the carrier")
    under_way_at: Moment | None = Field(None, description="a moment at which it had not arrived: the answer given that")
    promised_timestamp: Moment | None = Field(
        None,
        description="the latest delivery that the shop promised at the purchase: the order is watched against it, and "
        "the model uses it where the shop's own orders are forecast better with it",
    )
    facts: dict[str, Fact] | None = Field(None, description="further columns that the shop file declares")

    def coordinates(self, end: Literal["origin", "destination"]) -> tuple[float | None, float | None]:
        """Latitude and longitude of one end in degrees, None where the order does not say."""
        if end == "origin":
            return self.origin_lat, self.origin_lng
        if self.customer_lat is not None:
            return self.customer_lat, self.customer_lng
        return self.destination_lat, self.destination_lng

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        given, values = self.__pydantic_fields_set__, self.__dict__
        if (given == _OLD_THREE or given.isdisjoint(_OF_TODAY)) and None not in (
            values["seller_zip_code_prefix"], values["customer_lat"], values["customer_lng"]
        ):  # fmt: skip
            return self
        said = {name for name in given if values[name] is not None}
        faults = [
            (name, _of_null(name, sentence) if name in given and name not in said else sentence)
            for name, sentence in location_faults(said)
        ]
        if faults:
            raise PydanticCustomError(LOCATION_FAULT, "{message}", {"message": faults[0][1], "faults": faults})
        return self


def _of_null(name: str, sentence: str) -> str:
    """The sentence about a field that is there and null: it is no value, and the way out stays the same."""
    required = f"{name} is required"
    if sentence.startswith(required):
        return f"{name} must not be null{sentence.removeprefix(required)}"
    return f"{sentence} ({name} is null)"


def location_faults(given: set[str]) -> list[tuple[str, str]]:
    """Why an order with these fields cannot be located: (the field at fault, a sentence about it); none if it can."""
    faults = [
        (old, f"{old} and {new} both say the same: keep one of them")
        for old, new in RENAMED.items()
        if old in given and new in given
    ]
    for lat, lng in PAIRS.items():
        if (lat in given) != (lng in given):
            missing = lng if lat in given else lat
            faults.append((missing, f"{missing} is required"))
    of_today = not given.isdisjoint(_OF_TODAY)
    if not given & {ZIP_CODE_PREFIX, *ORIGIN, "origin_lng"}:
        names = ", ".join(ORIGIN).replace("origin_lat", "origin_lat with origin_lng")
        faults.append(
            ("origin_postal_code", f"the origin is missing: give one of {names}")
            if of_today
            else (ZIP_CODE_PREFIX, f"{ZIP_CODE_PREFIX} is required (or another origin: {names})")
        )
    if not given & {"customer_lat", "customer_lng", "destination_lng", *DESTINATION}:
        names = ", ".join(DESTINATION).replace("destination_lat", "destination_lat with destination_lng")
        if of_today:
            faults.append(("destination_postal_code", f"the destination is missing: give one of {names}"))
        else:
            faults += [
                (name, f"{name} is required (or another destination: {names})")
                for name in ("customer_lat", "customer_lng")
            ]
    return faults


@dataclass(frozen=True, slots=True)
class OrderField:
    """A field of `Order` as files see it; `bounds` are those of a number, both included."""

    name: str
    kind: Kind
    bounds: tuple[float, float] = (-np.inf, np.inf)

    def admits(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which of n numbers the field may hold; NaN is none."""
        low, high = self.bounds
        fits = (values >= low) & (values <= high)
        return fits & (values == np.floor(values)) if self.kind == "whole" else fits


def _described(name: str, schema: dict[str, Any]) -> OrderField:
    """A field from what the JSON schema says of it: `anyOf` it and null."""
    value = schema["anyOf"][0]
    kinds: dict[str, Kind] = {"integer": "whole", "number": "number", "date-time": "moment", "string": "text"}
    kind = kinds[value.get("format", value["type"])]
    return OrderField(name, kind, (value.get("minimum", -np.inf), value.get("maximum", np.inf)))


FIELDS = {
    name: _described(name, schema)
    for name, schema in Order.model_json_schema()["properties"].items()
    if name != "facts"
}
"""Every field but the facts, by its name."""

INPUTS = tuple(field for name, field in FIELDS.items() if name not in ("order_id", "promised_timestamp"))
"""What the model reads: the columns of a file that are checked. All others, but for facts, pass through."""

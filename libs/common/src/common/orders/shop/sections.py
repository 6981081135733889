"""The shop file's sections as typed, frozen values. What a value must be is said where its type stands."""

from datetime import date, datetime
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from common.orders.names import FIELDS, KNOWN_NAMES, MOMENTS, OF_THE_TABLE, OLD_NAMES, WISHES, field_of
from common.orders.promises import LEAST_SHARE, MOST_SHARE
from common.orders.shop.countries import country_of
from common.orders.shop.declared import SERVICE, Declared
from common.orders.shop.errors import nearest
from common.orders.shop.source import NOWHERE_YET, Kind, kind_of

NAMED_FORMATS = ("iso", "excel", "unix", "unix-ms")
"""Formats of moments that strptime has no letters for: ISO 8601, days since 1899-12-30, seconds and ms since 1970."""

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Text = Annotated[str, StringConstraints(min_length=1, max_length=1_000)]
Names = tuple[Text, ...]


def zones() -> set[str]:
    """The names of the IANA list, as the package tzdata has them."""
    return set((files("tzdata") / "zones").read_text(encoding="utf-8").split())


def zone_of(name: str) -> str:
    """The zone of that name; ValueError says what it must be."""
    if name not in zones():
        raise ValueError(
            f"must be a time zone of the IANA list{nearest_zone(name)}, such as Europe/Berlin (got {name!r})"
        )
    return name


def nearest_zone(name: str) -> str:
    """`, did you mean …?` whatever the case of the letters."""
    by_lower = {zone.lower(): zone for zone in zones()}
    guess = nearest(name, by_lower)
    return next((guess.replace(lower, zone) for lower, zone in by_lower.items() if f"mean {lower}?" in guess), guess)


def _encoding(name: str) -> str:
    try:
        "a".encode(name)
    except (LookupError, ValueError):
        raise ValueError(f"must be an encoding's name, such as utf-8 or latin-1 (got {name!r})") from None
    return name


def _format(text: str) -> str:
    if text in NAMED_FORMATS:
        return text
    try:
        kept = datetime.strptime(datetime(2021, 12, 30).strftime(text), text)  # noqa: DTZ001, DTZ007
    except ValueError:
        kept = None
    if kept is None or kept.date() != date(2021, 12, 30):
        raise ValueError(
            "must hold day, month and year, such as %d/%m/%Y %H:%M, or be one of "
            f"{', '.join(NAMED_FORMATS)} (got {text!r})"
        )
    return text


def _not_number(value: object) -> object:
    if isinstance(value, int | float | str):
        raise ValueError(f"must be a date or moment without quotes, such as 2020-08-31T00:00:00 (got {value!r})")
    return value


class Section(BaseModel):
    """A table of the file: every key is known, nothing changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Status(Section):
    """Which rows are not under way although they have no delivery, by the texts of one column."""

    column: Text
    cancelled: Names = ()
    lost: Names = ()

    @model_validator(mode="after")
    def _each_text_once(self) -> Self:
        if both := set(self.cancelled) & set(self.lost):
            raise ValueError(f"{', '.join(sorted(both))} stands in cancelled and in lost: keep one of them")
        return self


class OrdersSource(Section):
    """Where the orders lie and how they are written. What is not named is found out where it is beyond doubt."""

    source: Text
    query: Text | None = None
    deliveries: Text | None = None
    as_of: Annotated[datetime | date, BeforeValidator(_not_number)] | None = None
    shipments: Literal["first", "last", "error"] = "error"
    delimiter: Annotated[str, StringConstraints(min_length=1, max_length=1)] | None = None
    encoding: Annotated[str, AfterValidator(_encoding)] | None = None
    decimal: Literal[".", ","] | None = None
    missing: tuple[str, ...] = ()
    columns: dict[str, Text] = Field(default_factory=dict)
    formats: dict[str, Annotated[str, AfterValidator(_format)]] = Field(default_factory=dict)
    status: Status | None = None

    @field_validator("columns")
    @classmethod
    def _one_column_per_field(cls, columns: dict[str, str]) -> dict[str, str]:
        problems = [
            f"{name} is no field of an order{nearest(name, KNOWN_NAMES)} (fields: {', '.join(FIELDS)})"
            for name in columns
            if name not in KNOWN_NAMES
        ]
        problems += _named_twice({name: field_of(name) for name in columns}, "give the same field: keep one of them")
        problems += _named_twice(columns, "name the same column {!r}: a column can be one field only")
        if problems:
            raise ValueError("; ".join(problems))
        return {OLD_NAMES.get(name, name): column for name, column in columns.items()}

    @field_validator("formats")
    @classmethod
    def _formats_of_moments(cls, formats: dict[str, str]) -> dict[str, str]:
        wrong = [name for name in formats if OLD_NAMES.get(name, name) not in MOMENTS]
        if wrong:
            raise ValueError(f"{', '.join(wrong)}: only {', '.join(MOMENTS)} have a format")
        return {OLD_NAMES.get(name, name): text for name, text in formats.items()}

    @model_validator(mode="after")
    def _query_for_databases(self) -> Self:
        is_database = kind_of(self.source) is Kind.DATABASE
        if is_database and self.query is None:
            raise ValueError('a database needs a query: write query = "SELECT …"')
        if not is_database and self.query is not None:
            raise ValueError("query is for databases only: remove it, or name a database as source")
        return self


class Facts(Section):
    """Further columns that may tell how long an order takes; they must be known at the purchase."""

    numeric: Names = ()
    category: Names = ()

    @model_validator(mode="after")
    def _each_column_once(self) -> Self:
        names = [*self.numeric, *self.category]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"{', '.join(twice)} is named twice: a fact is numeric or a category, once")
        if taken := [name for name in names if name in (*KNOWN_NAMES, *WISHES)]:
            raise ValueError(f"{', '.join(taken)} is a field of an order already: remove it from the facts")
        if ours := [name for name in names if name in OF_THE_TABLE]:
            raise ValueError(f"{', '.join(ours)} is a column that prepare-data makes: give the fact another name")
        return self


class PlacesSource(Section):
    """Coordinates of postal codes: GeoNames' file as it is, or CSV with country, postal_code, lat, lng[, region]."""

    source: Text


class Promise(Section):
    """What the shop promises its customers: a share of orders that arrive in time, or what being wrong costs.

    day_too_late, day_too_long: costs of a day that an order comes after its promise, and of a day that it comes before,
    in any one unit; who pays both does best with the newsvendor's quantile (Arrow, Harris & Marschak 1951).
    """

    on_time_share: Annotated[float, Field(ge=LEAST_SHARE, le=MOST_SHARE)] | None = None
    day_too_late: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    day_too_long: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None

    @property
    def share(self) -> float:
        """The on-time share that follows."""
        if self.day_too_late is None or self.day_too_long is None:
            return self.on_time_share or MOST_SHARE
        return self.day_too_late / (self.day_too_late + self.day_too_long)

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        costs = [cost is not None for cost in (self.day_too_late, self.day_too_long)]
        if any(costs) == (self.on_time_share is not None) or any(costs) != all(costs):
            raise ValueError("give on_time_share, or both day_too_late and day_too_long")
        if not LEAST_SHARE <= self.share <= MOST_SHARE:
            raise ValueError(
                f"day_too_late and day_too_long make a share of {self.share:.4g}: it must be from {LEAST_SHARE} to "
                f"{MOST_SHARE}, so a day too late must cost as much as a day too long, and up to 99 times as much"
            )
        return self


class Shop(Section):
    """A whole shop file. `folder` is where it lies: relative paths start there."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
    country: Annotated[str, AfterValidator(country_of)]
    time_zone: Annotated[str, AfterValidator(zone_of)]
    weekend: Annotated[tuple[Weekday, ...], Field(max_length=6)] | None = None
    orders: OrdersSource
    facts: Facts = Facts()
    places: PlacesSource | None = None
    declared: Declared | None = None
    promise: Promise | None = None
    folder: Annotated[Path, Field(exclude=True)] = Path()

    @model_validator(mode="before")
    @classmethod
    def _without_orders(cls, content: Any) -> Any:
        """A shop that declares its days may have no orders yet."""
        if isinstance(content, dict) and "declared" in content and "orders" not in content:
            return content | {"orders": {"source": NOWHERE_YET}}
        return content

    @model_validator(mode="after")
    def _services_are_a_fact(self) -> Self:
        if self.declared and self.declared.services and SERVICE not in self.facts.category:
            raise ValueError(f'declared.transit names services: write category = ["{SERVICE}"] under [facts]')
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The clock of every moment that is written without a zone."""
        return ZoneInfo(self.time_zone)

    @property
    def has_orders(self) -> bool:
        """Whether it names a source of orders."""
        return self.orders.source != NOWHERE_YET


def _named_twice(meaning: dict[str, str], problem: str) -> list[str]:
    by_meaning: dict[str, list[str]] = {}
    for name, meant in meaning.items():
        by_meaning.setdefault(meant, []).append(name)
    return [f"{' and '.join(names)} {problem.format(meant)}" for meant, names in by_meaning.items() if len(names) > 1]

"""A piece of a source as rows of the general table, each with the reason why it is dropped, if it is."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import time

import polars as pl

from common.orders.names import COUNTRY_NAMES, MOMENTS, POSTAL_CODES, REGIONS, SPANS
from common.orders.shop.countries import ALPHA2_OF, COUNTRIES
from common.orders.shop.sections import Shop
from trainer.sources.orders.moments import UTC, ClockChanges, moments
from trainer.sources.orders.numbers import numbers, seconds
from trainer.sources.orders.postal_codes import normalised
from trainer.sources.orders.reading import ABSENT, Reading, known

ID_LENGTH = 64
_KEPT_IN_PLACES = ("NA",)

NO_PURCHASE = "no moment of purchase, or one that cannot be read"
BAD_DELIVERY = "a delivery that cannot be read"
BAD_ID = "no order id, or not 1 to 64 visible ASCII characters"
CANCELLED = "cancelled"
LOST = "lost"
NEGATIVE = "delivered before it was bought"

SCHEMA = {
    "order_id": pl.String,
    **dict.fromkeys(MOMENTS, UTC),
    "origin_id": pl.String,
    **dict.fromkeys((*COUNTRY_NAMES, *POSTAL_CODES), pl.String),
    **dict.fromkeys(("origin_lat", "origin_lng", "destination_lat", "destination_lng"), pl.Float64),
    **dict.fromkeys(REGIONS, pl.String),
}
"""The general table's own columns; facts stand after them."""


@dataclass
class Tally:
    """What was counted on the way: values that could not be read by field, with the first of each; clock changes.

    exchanged: pairs of coordinates that are a place only once they are exchanged, by end. same_day: later moments that
    are the date of the purchase, without a clock, by name.
    """

    unreadable: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    exchanged: Counter[str] = field(default_factory=Counter)
    clock: ClockChanges = field(default_factory=ClockChanges)
    same_day: Counter[str] = field(default_factory=Counter)

    @property
    def notes(self) -> Iterator[str]:
        """What of the moments had to be decided, a line each."""
        yield from self.clock.notes
        for name, count in self.same_day.items():
            if count:
                yield f"{name}: {count:,} are the date of the purchase, without a clock: read as no earlier than it"

    def unread(self, name: str, texts: pl.Series, found: pl.Series) -> pl.Series:
        """Count the texts that gave nothing; which they are."""
        failed = texts.is_not_null() & found.is_null()
        if failed.any():
            self.unreadable[name] += int(failed.sum())
            self.examples.setdefault(name, str(texts.filter(failed)[0]))
        return failed


def rows_of(
    piece: pl.DataFrame, first_row: int, shop: Shop, reading: Reading, tally: Tally, delivered: pl.DataFrame | None
) -> pl.DataFrame:
    """n rows with SCHEMA, the facts and `_dropped` (the reason, or null).

    delivered: order_id and delivered_timestamp of the second table, each id once; it fills what the first lacks.
    """
    columns = reading.columns.by_name
    texts = {name: known(piece[column], reading.missing).alias(name) for name, column in columns.items()}
    for name in (*COUNTRY_NAMES, *REGIONS):
        if name in columns:
            absent = tuple(text for text in reading.missing if text not in _KEPT_IN_PLACES)
            texts[name] = known(piece[columns[name]], absent).alias(name)
    given = _moments(piece, shop, reading, tally, texts)
    frame = pl.DataFrame(
        {
            "order_id": _ids(texts.get("order_id"), len(piece), first_row),
            **given,
            **{name: _place_text(name, text, tally) for name, text in texts.items() if name in _PLACE_TEXTS},
            **_coordinates(piece, reading, texts, tally),
            **_facts(piece, reading, tally),
        }
    )
    if "origin_id" in texts:
        frame = frame.with_columns(texts["origin_id"].str.slice(0, ID_LENGTH))
    status = known(piece[reading.columns.status], ABSENT[:1]) if reading.columns.status else None
    if delivered is not None:
        frame = _with_deliveries(frame, delivered)
    happened = [name for name in ("shipped_timestamp", "delivered_timestamp") if name in frame.columns]
    frame = frame.with_columns(_not_before(frame, name, shop.time_zone, tally) for name in happened)
    filled = [
        pl.col(name).fill_null(shop.country) if name in frame.columns else pl.lit(shop.country).alias(name)
        for name in COUNTRY_NAMES
    ]
    empty = [pl.lit(None, dtype=kind).alias(name) for name, kind in SCHEMA.items() if name not in frame.columns]
    frame = frame.with_columns(*filled, *(column for column in empty if column.meta.output_name() not in COUNTRY_NAMES))
    return frame.select(
        *SCHEMA,
        *reading.columns.numeric,
        *reading.columns.category,
        _dropped=_dropped(frame, texts, status, shop, given),
    )


def _moments(
    piece: pl.DataFrame, shop: Shop, reading: Reading, tally: Tally, texts: dict[str, pl.Series]
) -> dict[str, pl.Series]:
    found = {
        name: moments(texts[name], reading.formats[name], shop.time_zone, tally.clock)
        for name in reading.columns.moments
    }
    for name, read in found.items():
        tally.unread(name, texts[name], read)
    for span, column in reading.columns.spans.items():
        moment, unit = SPANS[span]
        later = seconds(texts[span], reading.decimals[column], unit)
        tally.unread(span, texts[span], later)
        microseconds = (later * 1_000_000).round()
        inside = microseconds.is_between(-(2**52), 2**52).fill_null(False)
        after = microseconds.set(~inside, None).cast(pl.Int64).cast(pl.Duration("us"))
        found[moment] = (found["purchase_timestamp"] + after).alias(moment)
    return found


def _not_before(frame: pl.DataFrame, name: str, zone: str, tally: Tally) -> pl.Series:
    """Later moments, of which those that are the date of the purchase, without a clock, are no earlier than it."""
    bought, later = frame["purchase_timestamp"], frame[name]
    early = (later < bought).fill_null(False)
    if not early.any():
        return later
    begun, ended = (each.filter(early).dt.convert_time_zone(zone) for each in (bought, later))
    same_day = (ended.dt.date() == begun.dt.date()) & (ended.dt.time() == time(0))
    tally.same_day[name] += int(same_day.sum())
    return later.scatter(early.arg_true().filter(same_day), bought.filter(early).filter(same_day))


def _ids(texts: pl.Series | None, count: int, first_row: int) -> pl.Series:
    if texts is None:
        return pl.select(pl.int_range(first_row, first_row + count).cast(pl.String)).to_series()
    return texts.set(~texts.str.contains(rf"^[\x21-\x7e]{{1,{ID_LENGTH}}}$").fill_null(True), None)


_PLACE_TEXTS = (*COUNTRY_NAMES, *POSTAL_CODES, *REGIONS)


def _place_text(name: str, texts: pl.Series, tally: Tally) -> pl.Series:
    if name in REGIONS:
        return texts
    if name in POSTAL_CODES:
        return normalised(texts)
    country = texts.str.to_uppercase().replace(ALPHA2_OF)
    country = country.set(~country.is_in(list(COUNTRIES)).fill_null(True), None)
    tally.unread(name, texts, country)
    return country


def _coordinates(
    piece: pl.DataFrame, reading: Reading, texts: dict[str, pl.Series], tally: Tally
) -> dict[str, pl.Series]:
    """Pairs that are a place on the Earth; 0, 0 is what systems write when they know none."""
    found = {}
    for end in ("origin", "destination"):
        names = (f"{end}_lat", f"{end}_lng")
        if not all(name in texts for name in names):
            continue
        lat, lng = (numbers(texts[name], reading.decimals[reading.columns.by_name[name]]) for name in names)
        is_place = lat.is_between(-90, 90) & lng.is_between(-180, 180) & ~((lat == 0) & (lng == 0))
        is_exchanged = ~is_place & lng.is_between(-90, 90) & lat.is_between(-180, 180) & (lat != 0)
        if is_exchanged.any():
            tally.exchanged[end] += int(is_exchanged.sum())
        for name, number in zip(names, (lat, lng), strict=True):
            found[name] = number.set(~is_place.fill_null(False), None).alias(name)
            tally.unread(name, texts[name], found[name])
    return found


def _facts(piece: pl.DataFrame, reading: Reading, tally: Tally) -> dict[str, pl.Series]:
    found = {}
    for column in reading.columns.numeric:
        texts = known(piece[column], reading.missing)
        found[column] = numbers(texts, reading.decimals[column]).alias(column)
        tally.unread(column, texts, found[column])
    for column in reading.columns.category:
        found[column] = known(piece[column], reading.missing).alias(column)
    return found


def _with_deliveries(frame: pl.DataFrame, delivered: pl.DataFrame) -> pl.DataFrame:
    joined = frame.join(delivered, on="order_id", how="left", suffix="_there", maintain_order="left")
    if "delivered_timestamp_there" not in joined.columns:
        return joined
    return joined.with_columns(
        delivered_timestamp=pl.coalesce("delivered_timestamp", "delivered_timestamp_there")
    ).drop("delivered_timestamp_there")


def _dropped(
    frame: pl.DataFrame, texts: dict[str, pl.Series], status: pl.Series | None, shop: Shop, given: dict[str, pl.Series]
) -> pl.Series:
    """The first reason that holds."""
    never = pl.Series([False]).new_from_index(0, len(frame))
    delivered = given.get("delivered_timestamp")
    delivery_text = next((texts[name] for name in texts if name.startswith("delivered_")), None)
    undelivered = frame["delivered_timestamp"].is_null()
    named = shop.orders.status
    reasons = {
        BAD_ID: frame["order_id"].is_null(),
        NO_PURCHASE: frame["purchase_timestamp"].is_null(),
        BAD_DELIVERY: never if delivery_text is None or delivered is None
        else delivery_text.is_not_null() & delivered.is_null(),
        CANCELLED: never if status is None or named is None else undelivered & status.is_in(named.cancelled),
        LOST: never if status is None or named is None else undelivered & status.is_in(named.lost),
        NEGATIVE: frame["delivered_timestamp"] < frame["purchase_timestamp"],
    }  # fmt: skip
    reason = pl.lit(None, dtype=pl.String)
    for name, holds in reversed(reasons.items()):
        reason = pl.when(holds.fill_null(False)).then(pl.lit(name)).otherwise(reason)
    return pl.select(reason.alias("_dropped")).to_series() if len(frame) else pl.Series("_dropped", [], dtype=pl.String)

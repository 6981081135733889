"""The shop's source and what the system has seen, as one history: an order once, and of it the newer word.

The source knows until it was taken (`PreparedShop.as_of`). What was asked or reported later counts over it, a word that
was taken back too. What can be known of an order but is not said later stays as it was said before.
"""

import tempfile
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

import polars as pl

from common.orders.names import COORDINATES, COUNTRY_NAMES, ENDED, FIELDS, OURS, TEXTS, ZIP_CODE_PREFIX
from common.orders.shop.prepared_shop import PreparedShop
from common.servers.history import HistoryStore, HistoryVersion, Part
from trainer.published.publish import MONTH
from trainer.published.seen import Seen
from trainer.sources.orders.rows import SCHEMA

LONGEST = pl.duration(days=365)
"""A longer delivery is a wrong year (`common.database.counted`)."""

USUAL_DIGITS = 5

KNOWN = {"order_id": pl.String, "month": pl.String}


def with_seen(store: HistoryStore, version: HistoryVersion, seen: Iterable[Seen]) -> dict[str, Part]:
    """The version's months with what was seen; months in which nothing was are its source's own parts."""
    parts = dict(version.source)
    with tempfile.TemporaryDirectory(prefix="history-") as scratch:
        folder = Path(scratch)
        files, known, merged = _merged(store, version, seen, folder)
        for month in sorted({*known["month"].unique(), *merged.select(pl.col("month").unique()).collect()["month"]}):
            rows = merged.filter(pl.col("month") == month).drop("month").collect(engine="streaming")
            if month in files:
                again = known.filter(pl.col("month") == month).lazy()
                others = pl.scan_parquet(files[month]).join(again, on="order_id", how="anti")
                rows = pl.concat([others.collect(engine="streaming"), rows], how="diagonal_relaxed")
            parts.pop(month, None)
            if not rows.is_empty():
                file = folder / "month.parquet"
                rows.sort("purchase_timestamp", "order_id").write_parquet(file)
                parts[month] = store.put_part(file, rows.height)
    return parts


def _merged(
    store: HistoryStore, version: HistoryVersion, seen: Iterable[Seen], folder: Path
) -> tuple[dict[str, Path], pl.DataFrame, pl.LazyFrame]:
    """The source's months, if anything was seen; which of its orders were (`order_id`, their `month` there); and all
    that were seen, with the month that they have now."""
    known, merged = [pl.DataFrame(schema=KNOWN)], [pl.LazyFrame(schema=KNOWN)]
    files: dict[str, Path] = {}
    for number, some in enumerate(seen):
        if some.order_ids.is_empty():
            continue
        if not files:
            months = sorted(version.source)
            copies = store.download((version.source[month] for month in months), folder)
            files = dict(zip(months, copies, strict=True))
        of_source = _known(files, some.order_ids, version.shop)
        known.append(of_source.select("order_id", MONTH.alias("month")))
        file = folder / f"seen-{number}.parquet"
        merge(of_source, some, version.shop, _digits(files)).with_columns(month=MONTH).write_parquet(file)
        merged.append(pl.scan_parquet(file))
    return files, pl.concat(known), pl.concat(merged[1:] or merged)


def merge(known: pl.DataFrame, seen: Seen, shop: PreparedShop, digits: int = USUAL_DIGITS) -> pl.DataFrame:
    """The orders that were seen, as the general table with ENDED and OURS.

    known: those of them that the source has. digits: of a postal code that came as a number. An order of which only
    something was reported, and impossible deliveries, are nothing to learn from.
    """
    taken = shop.as_of
    code = pl.col(ZIP_CODE_PREFIX).cast(pl.String).str.zfill(digits)
    asked = seen.asked.with_columns(origin_postal_code=pl.coalesce("origin_postal_code", code))
    every = (
        known.with_columns(in_source=pl.lit(True))
        .join(asked, on="order_id", how="full", coalesce=True, suffix="_asked")
        .join(seen.words, on="order_id", how="left")
        .with_columns(pl.col("in_source").fill_null(False))
    )
    facts = (*shop.facts.numeric, *shop.facts.category)
    newer = pl.col("asked_at") > taken
    fields = {name: _newer(name, newer) for name in ("purchase_timestamp", *TEXTS, *COORDINATES, *facts)}
    fields |= {name: fields[name].fill_null(shop.country) for name in COUNTRY_NAMES}
    delivered, shipped = (_word(f"{event}_at", f"{event}_timestamp", taken) for event in ("delivered", "shipped"))
    ended = pl.min_horizontal("cancelled_at", "lost_at")
    merged = every.with_columns(
        **fields, delivered_timestamp=delivered, shipped_timestamp=shipped, **{ENDED: ended}
    ).with_columns(_is_ours(shop).alias(OURS))
    days = pl.col("delivered_timestamp") - pl.col("purchase_timestamp")
    possible = pl.col("delivered_timestamp").is_null() | days.is_between(pl.duration(), LONGEST)
    arrived = pl.when(pl.col(ENDED).is_null()).then("delivered_timestamp")
    return merged.filter(pl.col("purchase_timestamp").is_not_null() & possible).select(
        *(
            (arrived if name == "delivered_timestamp" else pl.col(name)).cast(SCHEMA[name]).alias(name)
            for name in FIELDS
        ),
        *(pl.col(name).cast(pl.Float64) for name in shop.facts.numeric),
        *(pl.col(name).cast(pl.String) for name in shop.facts.category),
        ENDED,
        OURS,
    )


def _newer(name: str, newer: pl.Expr) -> pl.Expr:
    """What was asked if it was asked after the source was taken, else what the source says; the other in its place."""
    asked, known = pl.col(f"{name}_asked"), pl.col(name)
    return pl.when(newer).then(pl.coalesce(asked, known)).otherwise(pl.coalesce(known, asked))


def _word(kind: str, name: str, taken: datetime) -> pl.Expr:
    said = pl.col(f"{kind}_said")
    counts = said.is_not_null() & (~pl.col("in_source") | (said > taken))
    return pl.when(counts).then(pl.col(kind)).otherwise(pl.coalesce(pl.col(name), pl.col(kind)))


def _is_ours(shop: PreparedShop) -> pl.Expr:
    """Whether the source's promise is a day that we had answered: a shop that shows our answers exports them."""
    promised = pl.col("promised_timestamp").dt.convert_time_zone(shop.time_zone).dt.date()
    answered = (
        (pl.col("purchase_timestamp") + pl.duration(microseconds=pl.col(days) * 86_400_000_000))
        .dt.convert_time_zone(shop.time_zone)
        .dt.date()
        for days in ("delivery_time_days", "upper_days")
    )
    return pl.any_horizontal(promised == day for day in answered).fill_null(False)


def _known(files: Mapping[str, Path], order_ids: pl.DataFrame, shop: PreparedShop) -> pl.DataFrame:
    facts = (*shop.facts.numeric, *shop.facts.category)
    if not files:
        numeric, category = dict.fromkeys(shop.facts.numeric, pl.Float64), dict.fromkeys(shop.facts.category, pl.String)
        return pl.DataFrame(schema={**{name: SCHEMA[name] for name in FIELDS}, **numeric, **category})
    every = pl.concat([pl.scan_parquet(file) for file in files.values()], how="diagonal_relaxed")
    kept = every.select(*FIELDS, *facts).join(order_ids.lazy(), on="order_id", how="semi")
    return kept.with_columns(pl.col(name).cast(SCHEMA[name]) for name in FIELDS).collect(engine="streaming")


def _digits(files: Mapping[str, Path]) -> int:
    """How long the source's postal codes of origins mostly are, where they are numbers."""
    for _, file in sorted(files.items(), reverse=True):
        codes = pl.read_parquet(file, columns=["origin_postal_code"], memory_map=False).to_series().cast(pl.String)
        length = codes.filter(codes.str.contains(r"^\d+$")).str.len_chars().mode()
        if len(length):
            return int(length[0])
    return USUAL_DIGITS

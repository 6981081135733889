"""Oddities of moments: negative spans, day and month swapped, one end date for many, gaps, dates without a clock."""

from collections.abc import Iterator
from datetime import datetime

import polars as pl

from trainer.sources.oddities.oddity import Oddity, share

END_DATE_ROWS = 50
END_DATE_RATIO = 6
END_DATE_SPAN = 29
"""A day ends many orders if it has this many deliveries, this many times the median of the days (29) around it."""

WHOLE_DAYS = 0.95

Orders = pl.LazyFrame


def negative_spans(negative: pl.DataFrame, newest: datetime | None, longest: float, zone: str) -> Iterator[Oddity]:
    """Of the rows dropped for it: n with purchase and delivery. longest: days that hardly any order exceeds."""
    if negative.is_empty():
        return
    yield Oddity("negative-span", negative.height, f"{negative.height:,} rows end before they begin: dropped")
    fits = [
        (pl.col("delivered_timestamp") - swapped(pl.col("purchase_timestamp"), zone), "purchase"),
        (swapped(pl.col("delivered_timestamp"), zone) - pl.col("purchase_timestamp"), "delivery"),
    ]
    for span, which in fits:
        count = negative.filter(_days(span).is_between(0, max(longest, 1.0))).height
        if count:
            text = f"{count:,} of them fit with day and month of the {which} swapped: mend them in the source"
            yield Oddity(f"swapped-{which}", count, text)
    late = negative.filter(pl.col("purchase_timestamp") > newest).height if newest else 0
    if late:
        yield Oddity(
            "after-the-end", late, f"{late:,} of them were bought after the newest delivery ({newest:%Y-%m-%d})"
        )


def swapped(moment: pl.Expr, zone: str) -> pl.Expr:
    """The moment with day and month exchanged on the zone's clock; null where that is no date."""
    local = moment.dt.convert_time_zone(zone).dt.replace_time_zone(None)
    text = local.dt.strftime("%Y-%d-%m %H:%M:%S")
    other = text.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False)
    return other.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")


def moments_in_order(orders: Orders, total: int) -> Iterator[Oddity]:
    """Hand-overs before the purchase or after the delivery, promises before the purchase, purchases after the end."""
    bought, shipped, delivered = (pl.col(f"{name}_timestamp") for name in ("purchase", "shipped", "delivered"))
    newest = delivered.max()
    counts = orders.select(
        before=(shipped < bought).sum(),
        after=(shipped > delivered).sum(),
        promised=(pl.col("promised_timestamp") < bought).sum(),
        late=(bought > newest + pl.duration(days=1) + (delivered - bought).quantile(0.95)).sum(),
    ).collect(engine="streaming")
    before, after, promised, late = counts.row(0)
    if before:
        yield Oddity(
            "shipped-before-bought", before, f"{share(before, total)} were handed over before they were bought"
        )
    if after:
        yield Oddity("shipped-after-delivered", after, f"{share(after, total)} were handed over after they arrived")
    if promised:
        yield Oddity(
            "promised-before-bought", promised, f"{share(promised, total)} were promised for before the purchase"
        )
    if late:
        text = f"{late:,} were bought long after the newest delivery: day and month swapped? Or name as_of in [orders]"
        yield Oddity("bought-after-the-end", late, text)


def one_end_date(orders: Orders, zone: str) -> Iterator[Oddity]:
    """Days on which far more orders end than around them: booked in one go, not delivered then."""
    day = pl.col("delivered_timestamp").dt.convert_time_zone(zone).dt.date()
    days = (
        orders.filter(pl.col("delivered_timestamp").is_not_null()).group_by(day=day).len().collect(engine="streaming")
    )
    if days.height < END_DATE_SPAN:
        return
    calendar = days.sort("day").upsample("day", every="1d").with_columns(pl.col("len").fill_null(0))
    around = pl.col("len").rolling_median(END_DATE_SPAN, center=True, min_samples=8)
    odd = calendar.filter(
        (pl.col("len") >= END_DATE_ROWS) & (pl.col("len") >= END_DATE_RATIO * pl.max_horizontal(around, 1))
    )
    for date, count in odd.sort("len", descending=True).head(5).select("day", "len").iter_rows():
        yield Oddity(
            "one-end-date", count, f"{count:,} orders all end on {date}: booked in one go? Their spans are no truth"
        )


def calendar_gaps(orders: Orders, zone: str, total: int) -> Iterator[Oddity]:
    """All orders on one day; months without any; dates without a time of day."""
    local = pl.col("purchase_timestamp").dt.convert_time_zone(zone)
    months = orders.group_by(month=local.dt.date().dt.truncate("1mo")).len().collect(engine="streaming").sort("month")
    days, midnight = (
        orders.select(
            local.dt.date().n_unique().alias("days"), (local.dt.time() == pl.time(0, 0, 0)).sum().alias("midnight")
        )
        .collect(engine="streaming")
        .row(0)
    )
    if days == 1:
        text = (
            f"all {total:,} orders were bought on one day: nothing can be said of other days, nor tested on later ones"
        )
        yield Oddity("one-day", total, text)
    elif midnight >= WHOLE_DAYS * total:
        yield Oddity("dates-only", midnight, "purchases are dates without a time of day: spans are whole days")
    present = months["month"].to_list()
    every = pl.date_range(present[0], present[-1], "1mo", eager=True).to_list() if present else []
    empty = [f"{month:%Y-%m}" for month in every if month not in present]
    if empty:
        shown = ", ".join(empty[:6]) + (" …" if len(empty) > 6 else "")
        yield Oddity("empty-months", len(empty), f"{len(empty)} month(s) without any order: {shown}")


def _days(span: pl.Expr) -> pl.Expr:
    return span.dt.total_seconds() / 86_400

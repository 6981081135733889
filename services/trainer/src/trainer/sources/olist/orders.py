"""Olist's nine files as the orders of a shop: the one source that is joined before it is a table."""

import polars as pl

from common.orders.names import COORDINATES, MOMENTS
from common.orders.shop.sections import Shop
from common.orders.shop.source import expanded, olist_folder
from trainer.sources.made_up import is_synthetic
from trainer.sources.olist.check import missing_files_and_columns
from trainer.sources.olist.errors import NoDeliveredOrder, UnusableData
from trainer.sources.olist.implausible import implausible, without_lone_purchases
from trainer.sources.olist.join import baskets, locations, one_row_per_order
from trainer.sources.olist.read import order_ids, read
from trainer.sources.olist.shop import unfitting
from trainer.sources.orders.gathered import Gathered
from trainer.sources.orders.kept import Counts, as_taken
from trainer.sources.orders.moments import ClockChanges, to_utc
from trainer.sources.orders.rows import SCHEMA
from trainer.sources.raw.open import Sources


def gather_olist(shop: Shop, sources: Sources) -> Gathered:
    """The joined orders; UnusableData (files, columns, values, keys, the shop file) or NoDeliveredOrder."""
    folder = olist_folder(expanded(shop.orders.source, sources.environment), shop.folder)
    problems = [*unfitting(shop), *missing_files_and_columns(folder)]
    if problems:
        raise UnusableData(folder, problems)
    tables = read(folder)
    rows_in = {name: table.height for name, table in tables.items()}
    clock = ClockChanges()
    bought = tables.pop("orders")
    bought = bought.with_columns(to_utc(bought[name], shop.time_zone, clock) for name in MOMENTS)
    known_ids = bought.select(pl.col("^order_id$"))
    places = locations(tables.pop("geolocation"))
    filled = baskets(tables.pop("items"), tables.pop("products"), tables.pop("sellers"))
    every_order = one_row_per_order(bought, filled, tables.pop("customers"), places)
    del bought, filled
    every_order = as_taken(without_lone_purchases(every_order), shop)
    counts = Counts()
    counts.add(every_order)
    is_usable = every_order["_dropped"].is_null()
    set_aside = implausible(every_order, shop.time_zone)
    orders = every_order.filter(is_usable)
    del every_order
    if orders["delivery_days"].count() == 0:
        raise NoDeliveredOrder(folder, rows_in["orders"], counts.dropped)
    return Gathered(
        name=str(folder),
        orders=_general(orders.with_columns(order_ids(known_ids, folder).filter(is_usable)), shop),
        counts=counts,
        rows_in=rows_in,
        notes=("Olist's nine files", *clock.notes),
        places=_places(places, shop.country),
        further={
            "geolocation_points_outside_brazil": rows_in["geolocation"] - int(places["points"].sum()),
            "zip_prefixes": places.height,
            "orders_of_several_sellers": int(orders["sellers_differ"].sum()),
        },
        implausible=set_aside,
        is_synthetic=is_synthetic(folder),
    )


def _general(orders: pl.DataFrame, shop: Shop) -> pl.LazyFrame:
    known = {name: pl.col(name) for name in orders.columns}
    known |= {name: pl.lit(shop.country) for name in ("origin_country", "destination_country")}
    absent = {name: pl.lit(None) for name in COORDINATES if name not in known}
    return orders.lazy().select(
        *((known | absent)[name].cast(kind).alias(name) for name, kind in SCHEMA.items()),
        *(pl.col(name).cast(pl.Float64) for name in shop.facts.numeric),
        *(pl.col(name).cast(pl.String) for name in shop.facts.category),
    )


def _places(places: pl.DataFrame, country: str) -> pl.DataFrame:
    codes, regions = (pl.col(name).cast(pl.String) for name in ("postal_code", "region"))
    return places.select(pl.lit(country).alias("country"), codes, "lat", "lng", regions, "points")

"""Places of codes, their beginnings, origins, regions and countries, with the medians of what lies in them."""

from collections.abc import Callable

import numpy as np
import polars as pl

from common.orders.places import MOST_DIGITS, NOWHERE, Indexes, Places, code_key, origin_key, region_key
from trainer.sources.orders.postal_codes import USUAL

WITH_REGION = ("country", "postal_code", "origin", "region", "lat", "lng", "number")


def place_table(rows: pl.DataFrame, codes: pl.DataFrame, country: str, digits: int) -> Places:
    """The places of the ends of orders (`rows`) and of the shop's further codes, both with the columns WITH_REGION.

    digits: of the codes of the shop's country if they are numbers of one length, else 0.
    """
    known_codes = pl.concat([codes, rows]).filter(pl.col("postal_code").is_not_null())
    by_code = _filled(_middles(known_codes, ["country", "postal_code"], first=True))
    rows = _located(rows, by_code)
    only_regions = by_code.is_empty() and rows["origin"].count() == 0 and rows["lat"].count() == 0
    parts = [
        _keyed([code_key(*names) for names in by_code.select("country", "postal_code").iter_rows()], by_code, True),
        *_beginnings(by_code),
        *_others(rows, ["origin"], origin_key, known=True),
        *_others(pl.concat([rows, codes]), ["country", "region"], region_key, known=only_regions),
        *_others(pl.concat([rows, codes]), ["country"], lambda name: region_key(name, ""), known=only_regions),
    ]
    table = pl.concat(parts).unique("key", keep="first", maintain_order=True).sort("key")
    width = max((len(key) for key in table["key"]), default=1)
    places = Places(
        keys=np.array(table["key"].to_list(), dtype=f"S{max(width, 1)}"),
        lat=np.append(table["lat"].fill_null(np.nan).to_numpy(), np.nan),
        lng=np.append(table["lng"].fill_null(np.nan).to_numpy(), np.nan),
        region=np.append(table["number"].fill_null(NOWHERE).to_numpy(), NOWHERE).astype(np.int16),
        known=np.append(table["known"].to_numpy(), False),
        by_number=np.zeros(0, dtype=np.int32),
    )
    by_number = _by_number(places, country, digits)
    return Places(places.keys, places.lat, places.lng, places.region, places.known, by_number)


def code_digits(rows: pl.DataFrame, codes: pl.DataFrame, country: str) -> int:
    """Digits of most postal codes of the shop's country, if they are numbers of one length; 0 if not.

    Preparation fills shorter codes up by the same rule, so a request's are, too.
    """
    own = pl.concat([codes, rows]).filter(pl.col("country") == country)["postal_code"].drop_nulls().unique()
    lengths = own.filter(own.str.contains(r"^[0-9]+$")).str.len_chars().value_counts(sort=True)
    usual = [int(length) for length, count in lengths.iter_rows() if count > USUAL * len(own)]
    return usual[0] if usual else 0


def _by_number(places: Places, country: str, digits: int) -> Indexes:
    if not 0 < digits <= MOST_DIGITS:
        return np.zeros(0, dtype=np.int32)
    numbers = range(10**digits)
    found = np.full(10**digits, NOWHERE, dtype=np.int32)
    for end in range(digits, 0, -1):
        missing = np.flatnonzero(found == NOWHERE)
        keys = [code_key(country, f"{numbers[number]:0{digits}d}"[:end]) for number in missing.tolist()]
        found[missing] = places.find(keys)
    return found


def _middles(rows: pl.DataFrame, by: list[str], first: bool = False) -> pl.DataFrame:
    """Per group the median of its points and the region that most of them lie in; `first`: the first row's."""
    region = pl.col("number").drop_nulls()
    if first:
        return rows.group_by(by, maintain_order=True).agg(
            pl.median("lat"), pl.median("lng"), region.first().alias("number")
        )
    return rows.group_by(by, maintain_order=True).agg(
        pl.median("lat"), pl.median("lng"), region.mode().sort().first().alias("number")
    )


def _filled(by_code: pl.DataFrame) -> pl.DataFrame:
    """Codes without coordinates, or a region, lie where those with their longest known beginning do."""
    longest = max(map(len, by_code["postal_code"]), default=0)
    for length in range(longest - 1, 0, -1):
        if not by_code["lat"].null_count() and not by_code["number"].null_count():
            break
        begun = by_code.with_columns(beginning=pl.col("postal_code").str.slice(0, length))
        around = _middles(begun, ["country", "beginning"])
        by_code = (
            begun.join(around, on=["country", "beginning"], how="left", suffix="_around", maintain_order="left")
            .with_columns(pl.coalesce(name, f"{name}_around").alias(name) for name in ("lat", "lng", "number"))
            .select(by_code.columns)
        )
    return by_code


def _located(rows: pl.DataFrame, by_code: pl.DataFrame) -> pl.DataFrame:
    """The ends with what is known of their codes, where they say less themselves."""
    joined = rows.join(by_code, on=["country", "postal_code"], how="left", suffix="_of_code", maintain_order="left")
    return joined.with_columns(
        pl.coalesce(name, f"{name}_of_code").alias(name) for name in ("lat", "lng", "number")
    ).select(rows.columns)


def _beginnings(by_code: pl.DataFrame) -> list[pl.DataFrame]:
    longest = max(map(len, by_code["postal_code"]), default=0)
    parts = []
    for length in range(longest - 1, 0, -1):
        longer = by_code.filter(pl.col("postal_code").str.len_chars() > length).with_columns(
            beginning=pl.col("postal_code").str.slice(0, length)
        )
        middles = _middles(longer, ["country", "beginning"])
        keys = [code_key(*names) for names in middles.select("country", "beginning").iter_rows()]
        parts.append(_keyed(keys, middles, False))
    return parts


def _others(rows: pl.DataFrame, by: list[str], key: Callable[..., bytes], known: bool) -> list[pl.DataFrame]:
    named = rows.drop_nulls(by)
    if named.is_empty():
        return []
    middles = _middles(named, by)
    keys = [key(*names) for names in middles.select(by).iter_rows()]
    return [_keyed(keys, middles, known)]


def _keyed(keys: list[bytes], middles: pl.DataFrame, known: bool) -> pl.DataFrame:
    return middles.select(
        pl.Series("key", keys, dtype=pl.Binary),
        "lat",
        "lng",
        pl.col("number").cast(pl.Int32),
        pl.lit(known).alias("known"),
    )

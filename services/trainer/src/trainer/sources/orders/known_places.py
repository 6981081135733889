"""The shop's places file: coordinates of postal codes, as GeoNames has them or as a table with our names."""

import polars as pl

from common.orders.shop.countries import ALPHA2_OF, COUNTRIES
from common.orders.shop.sections import Shop
from trainer.sources.errors import UnusableSource
from trainer.sources.orders.numbers import numbers
from trainer.sources.orders.postal_codes import normalised
from trainer.sources.orders.reading import ABSENT, known
from trainer.sources.raw.files import DataFile
from trainer.sources.raw.open import Sources

GEONAMES = ("country", "postal_code", "place", "region_name", "region", "admin_name2", "admin_code2", "admin_name3",
            "admin_code3", "lat", "lng", "accuracy")  # fmt: skip
"""Columns of GeoNames' postal code files (readme.txt of download.geonames.org/export/zip), which have no header."""

NEEDED = ("country", "postal_code", "lat", "lng")
COLUMNS = (*NEEDED, "region")


def read_places(shop: Shop, sources: Sources) -> pl.DataFrame | None:
    """COLUMNS and `points`, each country's code once with the median of its points; None if the shop names no places.

    UnusableSource when a column is missing or no row is a place.
    """
    if shop.places is None:
        return None
    source = shop.places.source
    parts = [
        _geonames(file) if _is_geonames(file) else _table(str(file.name), sources, shop)
        for file in sources.files(source, shop.folder)
    ]
    rows = pl.concat(parts)
    found = (
        rows.filter(
            pl.col("country").is_in(list(COUNTRIES)),
            pl.col("postal_code").is_not_null(),
            pl.col("lat").is_between(-90, 90),
            pl.col("lng").is_between(-180, 180),
        )
        .group_by("country", "postal_code")
        .agg(
            pl.median("lat"),
            pl.median("lng"),
            pl.col("region").drop_nulls().first(),
            points=pl.len().cast(pl.Int32),
        )
        .sort("country", "postal_code")
    )
    if found.is_empty():
        raise UnusableSource(source, "holds no place: its columns must be country, postal_code, lat, lng[, region]")
    return found


def known_codes(orders: pl.LazyFrame, places: pl.DataFrame) -> str:
    """How many of the orders' codes the places file knows, as a note."""
    codes = pl.concat(
        [
            orders.select(country=f"{end}_country", postal_code=f"{end}_postal_code").drop_nulls().unique()
            for end in ("origin", "destination")
        ]
    )
    both = codes.unique().collect(engine="streaming")
    count = both.join(places, on=["country", "postal_code"], how="semi").height
    return f"places: {places.height:,} codes, {count:,} of the {both.height:,} in the orders among them"


def _is_geonames(file: DataFile) -> bool:
    with file.opened() as stream:
        head = stream.read(4_096).decode("utf-8", errors="replace")
    fields = head.partition("\n")[0].split("\t")
    return len(fields) == len(GEONAMES) and fields[0].upper() in COUNTRIES


def _geonames(file: DataFile) -> pl.DataFrame:
    with file.opened() as stream:
        texts = pl.read_csv(
            stream.read(),
            separator="\t",
            has_header=False,
            new_columns=list(GEONAMES),
            infer_schema=False,
            quote_char=None,
        )
    return _typed(texts)


def _table(name: str, sources: Sources, shop: Shop) -> pl.DataFrame:
    table = sources.open(name, shop.folder)
    missing = [column for column in NEEDED if column not in table.columns]
    if missing:
        raise UnusableSource(table.name, f"lacks column(s) {', '.join(missing)}; it has: {', '.join(table.columns)}")
    columns = [column for column in COLUMNS if column in table.columns]
    return pl.concat([_typed(piece) for piece in table.pieces(columns)])


def _typed(texts: pl.DataFrame) -> pl.DataFrame:
    region = known(texts["region"], ("",)) if "region" in texts.columns else pl.lit(None, pl.String).alias("region")
    return pl.select(
        texts["country"].str.strip_chars().str.to_uppercase().replace(ALPHA2_OF),
        normalised(known(texts["postal_code"], ABSENT)),
        numbers(known(texts["lat"], ABSENT), "."),
        numbers(known(texts["lng"], ABSENT), "."),
        region,
    )

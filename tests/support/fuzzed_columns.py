"""Which columns an order may have, and what may stand in them."""

from hypothesis import strategies as st

from common.orders.fields import INPUTS, OrderField, location_faults
from common.orders.names import COUNTRY_NAMES, POSTAL_CODES

FACTS = (OrderField("weight", "number"), OrderField("carrier", "text"))
"""Those of the shop of `predictor`."""

COLUMNS = {field.name: field for field in (*INPUTS, *FACTS)}
NUMBERS = frozenset(name for name, field in COLUMNS.items() if field.kind == "number")
OLD = ("seller_zip_code_prefix", "customer_lat", "customer_lng")

ORIGINS = (
    ("seller_zip_code_prefix",), ("origin_postal_code",), ("origin_id",), ("origin_lat", "origin_lng"),
    ("origin_region",), ("origin_country",),
)  # fmt: skip
DESTINATIONS = (
    ("customer_lat", "customer_lng"), ("destination_lat", "destination_lng"), ("destination_postal_code",),
    ("destination_region",), ("destination_country",),
)  # fmt: skip
FURTHER = tuple(name for name in COLUMNS if not any((name,) == end or name in end for end in ORIGINS + DESTINATIONS))


@st.composite
def needed(draw: st.DrawFn) -> list[str]:
    """Columns that say where orders come from and go to, the three of before as often as not; and others."""
    further = draw(st.lists(st.sampled_from(FURTHER), unique=True, max_size=4))
    if draw(st.booleans()):
        return [*OLD, *further]
    chosen = [
        *draw(st.lists(st.sampled_from(ORIGINS), min_size=1, max_size=3, unique=True)),
        *draw(st.lists(st.sampled_from(DESTINATIONS), min_size=1, max_size=3, unique=True)),
    ]
    names = {name for end in chosen for name in end}
    if "seller_zip_code_prefix" in names:
        names.discard("origin_postal_code")
    if "customer_lat" in names:
        names -= {"destination_lat", "destination_lng"}
    assert not location_faults(names)
    return [*sorted(names), *further]


PLACES = st.floats(-200, 200).map(lambda value: f"{value:.6f}")
PREFIXES = st.integers(-10, 100_100).map(str)
ODD_NUMBERS = st.sampled_from(
    ["", " ", "nan", "inf", "-Infinity", "1e5", "0x10", "１", "9350.0", " 7", "7 ", "+7", "1_000", "--1", "1,5", "5.",
     ".5", "12,000", "1.234,5", "−23", "true", "null", "NULL", "\\N", "1e400", "-0", "1e", "٣", "9" * 400]
)  # fmt: skip
ODD_MOMENTS = [
    "2018-01-01", "2018-01-01T00:00:00-03:00", "2018-01-01 00:00:00.123456789", "20180101", "now", "2018-W01-1",
    "2018-13-01", "1514764800", "0000-00-00", "2018-01-01T24:00:00", " 2018-01-01 ", "2018-01-01 10:00:00 UTC",
    "2018-01-01T10:00:00.000+0000", "2018-01-01 10:00:00.1234567 +00:00", "2018-01-01T10:00:00Z[UTC]",
    "2018-01-01 10:00:00.000 America/Sao_Paulo", "2018-01-01 10:00:00 CET", "2018-01-01-03:00", "2018-01-01t10:00z",
    "2099-12-31T23:59:59-12", "2000-01-01T00:00:00+14:00", "2017-10-15 00:00:00", "2018-01-01  9:05", "2018-02-29",
]  # fmt: skip
MOMENTS = st.one_of(st.datetimes().map(str), st.sampled_from(["", "NULL", *ODD_MOMENTS]))
COUNTRIES = st.sampled_from(["BR", "br", " BRA", "DE", "DEU", "usa", "XX", "Brazil", "BRAZ", "B", "ＢＲ"])
CODES = st.one_of(
    st.integers(0, 10**9).map(str),
    st.sampled_from(["01001", "1001", "01-001", " 01 001 ", "9350.0", "SW1A 1AA", "k1a0b1", "01‐001", "0" * 70, "ß1"]),
)
WORDS = st.sampled_from(
    ["SP", "sp", " SP ", "São Paulo", "RJ", "a\0b", "x" * 64, "x" * 65, "\u200b", "東京", "a;b", 'a"b', "a\nb", "sloth"]
)


def texts(name: str, others: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """What may stand in a column of texts: what belongs there, odd ones, and any other text."""
    field = COLUMNS.get(name)
    if field is None:
        return others
    if field.kind == "moment":
        return st.one_of(MOMENTS, others)
    if field.kind == "whole":
        return st.one_of(PREFIXES, ODD_NUMBERS)
    if field.kind == "number":
        return st.one_of(PLACES, ODD_NUMBERS)
    if name in COUNTRY_NAMES:
        return st.one_of(COUNTRIES, st.sampled_from(["", "NULL"]), others)
    return st.one_of(CODES if name in POSTAL_CODES else WORDS, st.sampled_from(["", "\\N"]), others)

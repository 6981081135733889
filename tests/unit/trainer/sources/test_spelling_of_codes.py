"""History and requests spell a postal code alike: what one would learn, the other finds."""

import polars as pl
import pytest

from common.orders.fields import postal_code_of
from trainer.map.places import WITH_REGION, code_digits
from trainer.sources.orders.postal_codes import normalised

TEXTS = [
    " sw1a 1aa",
    "SW1A-1AA",
    "sw1a\u20131aa",
    "09350",
    "09.350",
    "9350.0",
    " 9350.0 ",
    "1234\u00a0ab",
    "D\u201012\t3",
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_code_is_spelled_alike_when_it_is_learned_and_when_it_is_asked_for(text: str) -> None:
    assert [postal_code_of(text)] == normalised(pl.Series([text])).to_list()


@pytest.mark.parametrize(
    ("codes", "digits"),
    [(["09350", "01001", "04538"], 5), (["09350", "01001", "123456789"], 5), (["SW1A1AA", "12345"], 0), ([], 0)],
)
def test_zeros_are_filled_up_where_most_codes_have_one_length(codes: list[str], digits: int) -> None:
    rows = pl.DataFrame(
        {name: ["BR"] * len(codes) if name == "country" else codes if name == "postal_code" else [None] * len(codes)
         for name in WITH_REGION},
        schema_overrides={"country": pl.String, "postal_code": pl.String},
    )  # fmt: skip
    assert code_digits(rows, rows.clear(), "BR") == digits

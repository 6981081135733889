"""Headers as spreadsheets and databases write them."""

import pytest

from common.batch.formats.csv_text import parse_header
from common.errors import MissingColumns

NAMES = ["seller_zip_code_prefix", "customer_lat", "customer_lng", "note"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("padding", ["", " "])
@pytest.mark.parametrize("before", ["", "\ufeff", "\n\r\n  \n", "\ufeff\r\n"])
def test_a_header_is_taken_where_it_is_beyond_doubt(delimiter: str, padding: str, before: str) -> None:
    text = (delimiter + padding).join(NAMES)
    found = parse_header(f"{before}{text}\r\n1{delimiter}2".encode(), "x", whole=True)
    assert (found.names, found.delimiter, found.line_end) == (NAMES, delimiter, b"\r\n")
    assert found.text.decode().removeprefix("\ufeff") == text
    assert found.lines == before.count("\n") + 1
    assert found.length == len(f"{before}{text}\r\n".encode())


def test_quoted_names_may_stand_behind_blanks() -> None:
    assert parse_header(b'"seller_zip_code_prefix", "customer_lat", "customer_lng", "note"\n', "x", True).names == NAMES


def test_a_header_in_doubt_is_named_whole() -> None:
    with pytest.raises(MissingColumns, match=r"it has: seller_zip_code_prefix:customer_lat:customer_lng:note"):
        parse_header(":".join(NAMES).encode(), "x", whole=True)


@pytest.mark.parametrize(
    ("rows", "decimal"),
    [
        ("9350;-23,577;-46,587;x\n1001;-22;-43,2;1.5\n", ","),
        ("9350;-23,577;-46.587;x\n", "."),
        ("9350;-23;-46;1,5\n", "."),
        ("", "."),
        ("9350;;;x\n" * 500 + '9350;"-23,5";1;x\n', ","),
    ],
)
def test_the_decimal_mark_is_known_from_the_first_records(rows: str, decimal: str) -> None:
    assert parse_header(f"{';'.join(NAMES)}\n{rows}".encode(), "x", whole=True).decimal == decimal


def test_where_commas_separate_the_columns_predictions_have_points() -> None:
    text = f'{",".join(NAMES)}\n9350,"-23,577","-46,587",x\n'.encode()
    assert parse_header(text, "x", whole=True).decimal == "."

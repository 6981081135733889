"""Encoding and delimiter of text files."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.sources.errors import UnusableSource
from trainer.sources.raw.dialect import delimiter_of, encoding_of, header_of

FIELDS = st.text(st.characters(codec="ascii", categories=["L", "N", "P", "Zs"]), max_size=8)


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("a,ü\n".encode(), "utf-8"),
        ("\ufeffa,ü\n".encode(), "utf-8-sig"),
        ("a,ü\n".encode("latin-1"), "latin-1"),
        ("a,5 €\n".encode("cp1252"), "cp1252"),
        ("a,ü\n".encode("utf-16"), "utf-16"),
        (b"", "utf-8"),
    ],
)
def test_the_encoding_is_told_by_the_bytes(content: bytes, encoding: str) -> None:
    assert encoding_of("orders.csv", [content] if content else []) == encoding


def test_a_letter_that_two_blocks_share_is_one() -> None:
    content = "grüße".encode()
    assert encoding_of("orders.csv", [content[:3], content[3:]]) == "utf-8"


def test_a_late_letter_counts() -> None:
    assert encoding_of("orders.csv", [b"a" * 100, "ü".encode("latin-1")]) == "latin-1"


def test_bytes_of_no_known_encoding_are_refused() -> None:
    with pytest.raises(UnusableSource, match='write encoding = "…"'):
        encoding_of("orders.csv", [b"\x81\xff"])


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@given(rows=st.lists(st.lists(FIELDS, min_size=3, max_size=3), min_size=1, max_size=5))
def test_a_delimiter_is_found_whatever_stands_in_the_fields(delimiter: str, rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([["id", "bought", "came"], *rows])
    assert delimiter_of("orders.csv", text.getvalue()) == delimiter


def test_decimal_commas_are_no_delimiter() -> None:
    assert delimiter_of("orders.csv", "id;lat;lng\n1;-23,5;-46,6\n2;-22,9;-43,2\n") == ";"


def test_two_delimiters_that_fit_are_both_named() -> None:
    with pytest.raises(UnusableSource, match='comma and semicolon both fit as delimiter: write delimiter = ","'):
        delimiter_of("orders.csv", "a,b;c\n1,2;3\n")


def test_a_few_ragged_rows_do_not_hide_the_delimiter() -> None:
    assert delimiter_of("orders.csv", "a;b\n" + "1;2\n" * 30 + "1;2;3\n") == ";"


def test_an_empty_file_and_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(UnusableSource, match="is empty: export the orders again"):
        header_of("orders.csv", "\n", ",")
    with pytest.raises(UnusableSource, match="has two columns named day: rename or remove one"):
        header_of("orders.csv", "day,id,day\n", ",")

"""Whatever a spreadsheet writes, the same texts are read."""

import csv
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trainer.sources.errors import UnusableSource
from trainer.sources.raw import text_files
from trainer.sources.raw.files import DataFile
from trainer.sources.raw.text_files import TextFile

TEXTS = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"], include_characters="\n"), max_size=12)
ROWS = st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=20)


def text_file(content: bytes, **named: str) -> TextFile:
    return TextFile(DataFile("orders.csv", lambda: io.BytesIO(content), True), **named)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    ROWS,
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["utf-8", "utf-8-sig", "latin-1", "utf-16"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_every_dialect_gives_back_every_text(
    rows: list[tuple[str, ...]], delimiter: str, encoding: str, end: str
) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator=end).writerows([("a", "b", "ü"), *rows])
    file = text_file(text.getvalue().encode(encoding), delimiter=delimiter, encoding=encoding)
    read = [row for piece in file.pieces(["ü", "a", "b"]) for row in piece.rows()]
    assert read == [tuple(field or None for field in (third, first, second)) for first, second, third in rows]
    assert file.damaged == 0


def test_blocks_of_a_few_bytes_give_the_same_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_files, "BLOCK_BYTES", 50)
    rows = "".join(f'{row},"x\ny"\n' for row in range(100))
    read = [row for piece in text_file(f"a,b\n{rows}".encode()).pieces(["a", "b"]) for row in piece.rows()]
    assert read == [(str(row), "x\ny") for row in range(100)]


def test_rows_of_another_width_are_left_out_and_counted() -> None:
    file = text_file(b"a,b\n1,2\n1\n1,2,3\n3,4\n")
    assert [row for piece in file.pieces(["b"]) for row in piece.rows()] == [("2",), ("4",)]
    assert file.damaged == 2


def test_a_column_without_a_name_is_passed_over() -> None:
    file = text_file(b"a,,b\n1,x,2\n")
    assert file.columns == ("a", "b")
    assert next(iter(file.pieces(["b"]))).rows() == [("2",)]


def test_a_byte_of_another_encoding_after_the_head_says_what_to_write() -> None:
    file = TextFile(DataFile("s3://b/o.csv", lambda: io.BytesIO(b"a,b\n" + b"1,2\n" * 2_000_000 + b"\xfc,2\n"), False))
    with pytest.raises(UnusableSource, match='is not utf-8 throughout: write encoding = "latin-1"'):
        list(file.pieces(["a"]))

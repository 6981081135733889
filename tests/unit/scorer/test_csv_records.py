"""Where records end, compared with Python's own CSV reader."""

import csv
import io
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer.csv.records import last_record_end, records

fields = st.text(alphabet='ab,"\n\r ', max_size=6)
rows = st.lists(st.lists(fields, min_size=2, max_size=3), min_size=1, max_size=6)


@given(rows, st.sampled_from(["\n", "\r\n"]))
def test_records_are_those_that_were_written(written: list[list[str]], line_end: str) -> None:
    sink = io.StringIO()
    csv.writer(sink, lineterminator=line_end, quoting=csv.QUOTE_ALL).writerows(written)
    text = sink.getvalue().encode()
    found = records(text)
    assert not found.open_quote
    assert found.plain
    spans = pairwise([0, *(found.ends + 1).tolist()])
    assert [next(csv.reader(io.StringIO(text[a:b].decode(), newline=""))) for a, b in spans] == written


@pytest.mark.parametrize(
    ("text", "ends", "plain"),
    [
        (b"a,b\nc,d\n", [3, 7], True),
        (b'a,"x\ny"\nc,d\n', [7, 11], True),
        (b'a,"say ""hi""\n"\n', [15], True),
        (b'5" pipe,b\nc,"d"\n', [9, 15], False),
        (b'a,5"\nb,6"\n', [4, 9], False),
    ],
)
def test_quotes_hide_line_breaks_only_where_they_open_a_field(text: bytes, ends: list[int], plain: bool) -> None:
    found = records(text)
    assert found.ends.tolist() == ends
    assert found.plain == plain
    assert not found.open_quote


def test_a_text_that_stops_inside_quotes_says_so() -> None:
    assert records(b'a,b\nc,"d\n').open_quote


def test_whole_records_at_the_head_of_a_text() -> None:
    assert last_record_end(b'a,b\nc,"d\n', ",", 100) == 4
    assert last_record_end(b"no end", ",", 100) == 0

"""Scored texts: records untouched, four fields more, whatever the way the columns were read."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from common.batch.formats.csv_text import parse_header
from common.model.bundle import Bundle
from common.model.predictor import Predictor
from scorer.csv import records as csv_records
from scorer.csv.needed_columns import Layout
from scorer.csv.scoring import CutInsideRecord, score_text
from scorer.rows.outcome import Scored

HEAD = b"customer_lat,note,seller_zip_code_prefix,customer_lng,purchase_timestamp\n"
NOW = datetime(2017, 6, 1, 12, tzinfo=UTC)
Score = Callable[[bytes], Scored]


@pytest.fixture
def score(sample_bundle: Bundle) -> Score:
    predictor = Predictor(sample_bundle)
    layout = Layout.of(parse_header(HEAD, "x", whole=True).names)
    return lambda text: score_text(text, layout, predictor, NOW)


def test_records_keep_every_byte(score: Score) -> None:
    text = b'-23.50,"a, ""b""\r\nc",09350,-46.5 ,\r\n-23.5, x ,9350,-46.5,2017-06-01T12:00:00\r\n'
    scored = score(text)
    first, second = text.split(b",\r\n")[0] + b",", text.split(b",\r\n")[1].removesuffix(b"\r\n")
    assert scored.body.startswith(first + b",")
    assert b"\r\n" + second + b"," in scored.body
    assert scored.body.endswith(b",\r\n")
    assert (scored.rows, scored.rows_failed, scored.lines) == (2, 0, 3)
    assert scored.body.split(b"46.5 ,,")[1].split(b"\r\n")[0] == scored.body.split(b"T12:00:00,")[1].split(b"\r\n")[0]


@pytest.mark.parametrize("disturbance", [b"", b'-23,5" pipe,1,2,\n', b"-23,\xff,1,2,\n", b"1,2\n", b"-23,a\rb,1,2,\n"])
def test_the_fast_and_the_exact_way_agree(score: Score, disturbance: bytes) -> None:
    """A record that the fast reader cannot take changes how the others are read, not what comes out."""
    plain = b"-23.5,x,9350,-46.5,2017-03-01\nabroad,x,9350,-46.5,\n-12.25,,77,1e1,2017-03-01T10:00:00-03:00\n"
    scored = score(plain + disturbance)
    assert scored.body.startswith(score(plain).body)
    assert scored.errors[0] == (2, "customer_lat is not a number (got 'abroad')", 2)


@pytest.mark.parametrize("size", [1, 30, 90])
def test_a_text_scored_in_blocks_is_the_text_scored_at_once(
    score: Score, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = b'-23.5,"a\r\nb",9350,-46.5,\r\n\r\n\r\nx,,9350,-46.5,\r\n-23.5,5" pipe,9350,-46.5,\r\n'
    text += b'-23.5\r\n-23.5,"y,\n"",",1,2,'
    whole = score(text)
    monkeypatch.setattr(csv_records, "WINDOW_BYTES", size)
    assert score(text).errors == whole.errors
    assert score(text) == whole


def test_records_of_a_wrong_length_keep_the_table_rectangular(score: Score) -> None:
    body = score(b"-23.5,x\n-23.5,x,9350,-46.5,,more,and more\n-23.5,x,9350,-46.5,\n").body
    lines = body.splitlines()
    assert lines[0] == b'-23.5,x,,,,,,,"the row has 2 columns where the header has 5"'
    assert lines[1] == b'-23.5,x,9350,-46.5,",more,and more",,,,"the row has 7 columns where the header has 5"'
    assert [len(row) for row in csv.reader(io.StringIO(body.decode(), newline=""))] == [9, 9, 9]


@pytest.mark.parametrize(
    ("record", "surplus"),
    [
        (b'-23.5,"5\\" tube, black",9350,-46.5,', b"-46.5,"),
        (b'-23.5,x,9350,-46.5,"a\\",b\\"c"', b'"a\\",b\\"c"'),
        (b'"""q""",a""b,"c""d"e,1,2,"3",4', b'2,"3",4'),
    ],
)
def test_nothing_of_a_record_of_a_wrong_length_is_lost(score: Score, record: bytes, surplus: bytes) -> None:
    scored = score(record + b"\n-23.5,x,9350,-46.5,\n")
    (first, second) = csv.reader(io.StringIO(scored.body.decode(), newline=""))
    assert (len(first), len(second)) == (9, 9)
    assert first[4].encode() == surplus
    assert ("escaped by a backslash" in scored.errors[0].reason) == (b"\\" in record)
    for word in record.replace(b'"', b" ").replace(b",", b" ").split():
        assert word in scored.body


@pytest.mark.parametrize("before", [b"", b"-23.5,x,9350,-46.5,\r\n", b"\n"])
@pytest.mark.parametrize("record", [b"\r-23.5,x,9350,-46.5,", b"-23.5,a\rb,9350,-46.5,"])
def test_a_carriage_return_that_ends_no_line_costs_its_row_and_stays(
    score: Score, before: bytes, record: bytes
) -> None:
    scored = score(before + record + b"\n-23.5,x,9350,-46.5,\n")
    (error,) = scored.errors
    assert error.reason == "the row has a carriage return in it that does not end it: put the field into quotes"
    assert record + b',,,,"the row has' in scored.body


def test_a_byte_order_mark_inside_a_file_costs_its_row_wherever_a_chunk_begins(score: Score) -> None:
    """As where files were put together."""
    plain, marked = b"-23.5,x,9350,-46.5,\n", b"\xef\xbb\xbf-23.5,x,9350,-46.5,\n"
    assert score(plain).body + score(marked).body == score(plain + marked).body
    assert score(marked).errors[0].reason == "customer_lat is not a number (got '\\ufeff-23.5')"


def test_blank_lines_are_left_out_and_counted_as_lines(score: Score) -> None:
    scored = score(b"\n\n-23.5,x,9350,-46.5,\n\n-23.5,x,none,-46.5,\n\n")
    assert scored.rows == 2
    assert len(scored.body.splitlines()) == 2
    assert [(error.row, error.line) for error in scored.errors] == [(2, 5)]


def test_a_last_record_without_a_line_end_gets_one(score: Score) -> None:
    assert score(b"-23.5,x,9350,-46.5,").body == score(b"-23.5,x,9350,-46.5,\n").body


def test_a_text_cut_inside_a_quoted_field_is_found_out(score: Score) -> None:
    with pytest.raises(CutInsideRecord):
        score(b'-23.5,"x\n')


def test_purchase_times_with_a_zone_mean_the_same_moment(score: Score) -> None:
    body = score(b"-23.5,,9350,-46.5,2017-03-01T10:00:00-03:00\n-23.5,,9350,-46.5,2017-03-01T13:00:00\n").body
    first, second = (line.split(b",")[5:] for line in body.splitlines())
    assert first == second


def test_a_purchase_time_that_is_none_costs_the_row(score: Score) -> None:
    scored = score(b"-23.5,,9350,-46.5,yesterday\n-23.5,,9350,-46.5,\n")
    assert scored.errors == [(1, "purchase_timestamp is not an ISO 8601 time from 2000 to 2099 (got 'yesterday')", 1)]


def test_only_the_first_twenty_bad_rows_are_told(score: Score) -> None:
    scored = score(b"x,,9350,-46.5,\n" * 50)
    assert (scored.rows_failed, len(scored.errors)) == (50, 20)


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_a_text_keeps_its_delimiter(sample_bundle: Bundle, score: Score, delimiter: str) -> None:
    header = parse_header(HEAD.replace(b",", delimiter.encode()), "x", whole=True)
    names = header.names
    layout = Layout(len(names), Layout.of(names).positions, delimiter=header.delimiter)
    rows = b'-23.5,x,9350,-46.5,\n-23.5,"y,z",9350,-46.5,\n-23.5,x\n1,2,3,4,5,6\nabroad,5" tube,9350,-46.5,\n'
    swapped = bytes.maketrans(b"," + delimiter.encode(), delimiter.encode() + b",")
    scored = score_text(rows.translate(swapped), layout, Predictor(sample_bundle), NOW)
    expected = score(rows)
    assert scored.errors == expected.errors
    assert scored.body.translate(swapped) == expected.body


COMMAS = b"-23,50;x;9350;-46,5;\n-12,25;;77;1,0e1;2017-03-01\n"


def scored_with(bundle: Bundle, decimal: str, rows: bytes) -> Scored:
    names = parse_header(HEAD.replace(b",", b";"), "x", whole=True).names
    layout = Layout(len(names), Layout.of(names).positions, delimiter=";", decimal=decimal)
    return score_text(rows, layout, Predictor(bundle), NOW)


@pytest.mark.parametrize(
    "disturbance", [b"", b"5,;;9350;,5;\n", b"abroad;;9350;-46,5;\n", b'-23,5;5" pipe;9350;-46,5;\n', b"1;2\n"]
)
def test_decimal_commas_are_read_and_written_as_the_file_has_them(sample_bundle: Bundle, disturbance: bytes) -> None:
    points = scored_with(sample_bundle, ".", COMMAS.replace(b",", b".") + disturbance.replace(b",", b"."))
    commas = scored_with(sample_bundle, ",", COMMAS + disturbance)
    assert commas.rows_failed == points.rows_failed == disturbance.startswith((b"abroad", b"1;2"))
    assert commas.body.replace(b",", b".") == points.body
    assert [error.row for error in commas.errors] == [error.row for error in points.errors]


@pytest.mark.parametrize("decimal", [".", ","])
def test_a_number_is_read_by_its_own_mark(sample_bundle: Bundle, decimal: str) -> None:
    scored = scored_with(sample_bundle, decimal, b"-23,5;x;9350,0;-46.5;\n-23.5;x;9350;-46,5;\n")
    first, second = (line.split(b";")[5:] for line in scored.body.splitlines())
    assert (scored.rows_failed, first) == (0, second)


@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("number", [b"12,000", b"1,234,5", b"9,350", b",", b"0x10"])
def test_what_may_be_a_thousand_or_a_fraction_is_not_guessed(
    sample_bundle: Bundle, decimal: str, number: bytes
) -> None:
    (error,) = scored_with(sample_bundle, decimal, b"-23,5;x;" + number + b";-46,5;\n").errors
    assert error.reason == f"seller_zip_code_prefix is not a number (got {number.decode()!r})"

"""CSV files from submission to result."""

import csv
import gzip
import io
from collections.abc import Callable

import pytest
import zstandard

from common.model.answers.further import Further
from support.scorer.rig import CHUNK_BYTES, Rig, csv_file


def rows_of(text: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.decode(), newline="")))


def test_every_row_comes_back_in_order_with_a_prediction_or_a_reason(alone: Rig) -> None:
    text = csv_file(9_000)
    assert len(text) > 3 * CHUNK_BYTES
    body = alone.scored(alone.put("in/many.csv", text))
    assert (body["status"], body["error"]) == ("succeeded", None)
    assert (body["rows_total"], body["rows_done"], body["rows_failed"]) == (9_000, 9_000, 90)
    assert (body["progress"], body["model_version"]) == (1.0, "1")
    assert [entry["row"] for entry in body["errors"]] == list(range(100, 2001, 100))
    assert [entry["line"] for entry in body["errors"]] == list(range(101, 2002, 100))
    for before, after in zip(text.splitlines()[1:], alone.output(body).splitlines()[1:], strict=True):
        assert after.startswith(before + b",")
    for number, row in enumerate(rows_of(alone.output(body))):
        if number % 100 == 99:
            assert row["prediction"] == row["prediction_lower"] == row["prediction_upper"] == ""
            assert row["error"] == "customer_lat is not a number (got 'abroad')"
        else:
            assert 0 <= float(row["prediction_lower"]) <= float(row["prediction"]) <= float(row["prediction_upper"])
            assert row["error"] == ""
    assert alone.uploads() == []


@pytest.mark.parametrize(
    ("ending", "pack"),
    [("gz", lambda text: gzip.compress(text, 1)), ("zst", zstandard.ZstdCompressor(level=1).compress)],
)
def test_packed_files_give_the_same_as_plain_ones(alone: Rig, ending: str, pack: Callable[[bytes], bytes]) -> None:
    text = csv_file(4_000)
    first = alone.scored(alone.put("in/same.csv", text))
    second = alone.scored(alone.put(f"in/same.csv.{ending}", pack(text[:100_000]) + pack(text[100_000:])))
    assert second["status"] == "succeeded", second
    assert second["output_uri"].endswith("/same.csv")
    assert alone.output(second) == alone.output(first)
    assert second["errors"] == first["errors"]


def test_quoted_line_breaks_that_fall_on_a_cut_do_not_split_a_row(alone: Rig) -> None:
    """The note of each row is lines that look like rows, long enough to fill every window that planning reads."""
    lines = b"1,2,3,2018-01-01,x\n" * 5_000
    head, rows = b"seller_zip_code_prefix,customer_lat,customer_lng,purchase_timestamp,note\n", 150
    text = head + b"".join(b'9350,-23.5,-46.%d,2018-01-01,"%s"\n' % (row, lines) for row in range(rows))
    assert len(text) > 2 * CHUNK_BYTES
    body = alone.scored(alone.put("in/quoted.csv", text))
    assert (body["status"], body["rows_total"], body["rows_failed"]) == ("succeeded", rows, 0), body
    scored = rows_of(alone.output(body))
    assert [row["customer_lng"] for row in scored] == [f"-46.{row}" for row in range(rows)]
    assert all(row["note"] == lines.decode() for row in scored)


def test_a_byte_order_mark_crlf_and_any_column_order_are_fine(alone: Rig) -> None:
    text = "\ufeffnote,customer_lng,seller_zip_code_prefix,customer_lat\r\né,-46.5,09350,-23.5\r\n".encode()
    body = alone.scored(alone.put("in/windows.csv", text))
    assert (body["status"], body["rows_failed"]) == ("succeeded", 0), body
    header, row = alone.output(body).splitlines(keepends=True)
    assert header.endswith(b",prediction,prediction_lower,prediction_upper,error\r\n")
    assert row.startswith("é,-46.5,09350,-23.5,".encode())
    assert row.endswith(b",\r\n")


def test_rows_without_a_purchase_time_are_scored_as_of_submission_however_late(alone: Rig) -> None:
    text = b"seller_zip_code_prefix,customer_lat,customer_lng\n" + b"9350,-23.5,-46.5\n" * 3
    body = alone.scored(alone.put("in/now.csv", text))
    first, second, third = (line.split(b",")[3:] for line in alone.output(body).splitlines()[1:])
    assert first == second == third
    assert float(first[0]) > 0


def test_the_result_goes_where_it_was_asked_for(alone: Rig) -> None:
    uri = alone.put("in/small.csv", csv_file(3))
    body = alone.drive(alone.submit(uri, "s3://delivery-time/out/mine.csv", wake=False))
    assert body["output_uri"] == "s3://delivery-time/out/mine.csv"
    assert len(rows_of(alone.output(body))) == 3


def test_promises_and_details_are_columns_of_the_result(alone: Rig) -> None:
    further = Further.asked([0.9], details=True)
    job, _ = alone.jobs.submit(alone.put("in/promised.csv", csv_file(4_000)), further=further)
    body = alone.drive(job.id)
    assert (body["status"], body["on_time_shares"], body["details"]) == ("succeeded", [0.9], True), body
    for row in rows_of(alone.output(body)):
        if not row["error"]:
            assert float(row["prediction_lower"]) < float(row["promise_90"]) < float(row["prediction_upper"])
            assert row["lower_date"] <= row["delivery_date"] <= row["upper_date"]
            assert row["confidence"] in ("high", "medium", "low")

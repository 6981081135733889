"""Files that nobody can score end as a clear error, never as a crash."""

import gzip
import io
from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from common.errors import InvalidInput
from support.scorer.rig import Rig, csv_file

COLUMNS = b"seller_zip_code_prefix,customer_lat,customer_lng\n"


def parquet(**columns: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def orders(**changes: object) -> dict[str, object]:
    columns = {"seller_zip_code_prefix": [9350, 1], "customer_lat": [-23.5, -23.0], "customer_lng": [-46.5, -46.0]}
    return {name: value for name, value in {**columns, **changes}.items() if value is not None}


def refusal(rig: Rig, uri: str) -> str:
    """Why an input is refused, at once or by the job that ends as failed."""
    try:
        job_id = rig.submit(uri, wake=False)
    except InvalidInput as error:
        return str(error)
    body = rig.drive(job_id)
    assert body["status"] == "failed", body
    assert rig.uploads() == []
    assert rig.keys(f"results/{body['id']}") == []
    return str(body["error"])


BAD: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "empty": ("csv", lambda: b"", "is empty"),
    "header only": ("csv", lambda: COLUMNS, "has no rows"),
    "missing column": ("csv", lambda: b"customer_lat,customer_lng\n1,2\n", "lacks column(s) seller_zip_code_prefix"),
    "duplicate column": ("csv", lambda: COLUMNS[:-1] + b",customer_lat\n1,2,3,4\n", "customer_lat more than once"),
    "taken column": ("csv", lambda: COLUMNS[:-1] + b",prediction\n1,2,3,4\n", "already has column(s) prediction"),
    "binary": ("csv", lambda: bytes(range(256)) * 10, "is binary"),
    "carriage returns": ("csv", lambda: csv_file(9).replace(b"\n", b"\r"), "with a carriage return alone"),
    "UTF-16": ("csv", lambda: COLUMNS.decode().encode("utf-16"), "is UTF-16"),
    "one line of 100 MB": ("csv", lambda: COLUMNS + b"x" * 100_000_000, "a record longer than"),
    "a line of 100 MB in gzip": ("csv.gz", lambda: gzip.compress(COLUMNS + b"x" * 100_000_000, 1), "a record longer"),
    "truncated gzip": ("csv.gz", lambda: gzip.compress(csv_file(200))[:-900], "is cut off"),
    "damaged gzip": ("csv.gz", lambda: gzip.compress(csv_file(9))[:-8] + b"12345678", "is damaged gzip"),
    "no gzip": ("csv.gz", lambda: COLUMNS, "is damaged gzip, or none"),
    "truncated zstd": ("csv.zst", lambda: zstandard.compress(csv_file(200))[:-900], "is cut off: the zstd stream"),
    "damaged zstd": ("csv.zst", lambda: zstandard.compress(csv_file(9))[:-40] + bytes(40), "is damaged zstd"),
    "no zstd": ("csv.zst", lambda: COLUMNS, "is damaged zstd, or none"),
    "gzip with header only": ("csv.gz", lambda: gzip.compress(COLUMNS), "has no rows"),
    "truncated Parquet": ("parquet", lambda: parquet(**orders())[:-10], "is not a whole Parquet file"),
    "hollow Parquet": ("parquet", lambda: b"PAR1" + bytes(100) + b"PAR1", "is not readable as Parquet"),
    "no Parquet": ("parquet", lambda: COLUMNS, "is not a whole Parquet file"),
    "Parquet without a column": ("parquet", lambda: parquet(**orders(customer_lng=None)), "lacks column(s) customer_l"),
    "Parquet of lists": ("parquet", lambda: parquet(**orders(customer_lat=[[1.0], [2.0]])), "in column customer_lat"),
    "Parquet of booleans": ("parquet", lambda: parquet(**orders(customer_lng=[True, False])), "has bool in column"),
    "Parquet without rows": ("parquet", lambda: parquet(**dict.fromkeys(orders(), pa.array([], "f8"))), "no rows"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_cannot_be_scored_says_why(alone: Rig, name: str) -> None:
    ending, make, reason = BAD[name]
    assert reason in refusal(alone, alone.put(f"bad/{name}.{ending}", make()))


def test_bad_values_cost_their_row_only_and_say_why(alone: Rig) -> None:
    values = ["NaN", "inf", "-inf", "1e308", "", "-90.5", "12abc", "0x10", "１"]
    text = COLUMNS + b"".join(f"9350,{value},-46.5\n".encode() for value in values)
    text += b"-5,1,2\n123456,1,2\n9350.5,1,2\n9350,1\n9350,1,2,3,4\n\xff,1,2\n9350,-23.5,-46.5\n"
    body = alone.scored(alone.put("bad/values.csv", text))
    assert (body["status"], body["rows_total"], body["rows_failed"]) == ("succeeded", len(values) + 7, len(values) + 6)
    reasons = [entry["reason"] for entry in body["errors"]]
    assert reasons[0] == "customer_lat must be a number between -90 and 90 (got nan)"
    assert reasons[3] == "customer_lat must be a number between -90 and 90 (got 1e+308)"
    assert reasons[4] == "customer_lat is missing"
    assert reasons[6] == "customer_lat is not a number (got '12abc')"
    assert reasons[9] == "seller_zip_code_prefix must be a whole number between 1 and 99999 (got -5)"
    assert reasons[12] == "the row has 2 columns where the header has 3"
    assert reasons[13] == "the row has 5 columns where the header has 3"
    assert reasons[14] == "the row is not UTF-8 text in seller_zip_code_prefix: save the file as UTF-8"
    assert alone.output(body).splitlines()[-1].startswith(b"9350,-23.5,-46.5,")


def test_ten_thousand_columns_pass_through(alone: Rig) -> None:
    extra = b",".join(b"c%d" % number for number in range(10_000))
    row = b"," + b",".join([b"v"] * 10_000) + b"\n"
    text = COLUMNS[:-1] + b"," + extra + b"\n" + (b"9350,-23.5,-46.5" + row) * 20
    body = alone.scored(alone.put("bad/wide.csv", text))
    assert (body["status"], body["rows_done"], body["rows_failed"]) == ("succeeded", 20, 0), body
    assert alone.output(body).splitlines()[20].count(b",") == 10_006

"""What of a prefix is data, and which addresses a job refuses."""

import gzip
import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from common.errors import DeliveryTimeError, FolderInstead, InvalidInput, TableInstead, UnreadableInput
from support.scorer.rig import Rig

HEAD = b"seller_zip_code_prefix,customer_lat,customer_lng\n"
ROWS = b"9350,-23.577,-46.587\n1001,-22.9,-43.2\n88010,-27.6,-48.5\n"
PLACES = b"customer_lat,customer_lng\n-23.577,-46.587\n-22.9,-43.2\n"


def parquet(**columns: Any) -> bytes:
    orders: dict[str, Any] = {
        "seller_zip_code_prefix": [9350, 1001, 88010],
        "customer_lat": [-23.577, -22.9, -27.6],
        "customer_lng": [-46.587, -43.2, -48.5],
    }
    sink = io.BytesIO()
    pq.write_table(pa.table({**orders, **columns}), sink)
    return sink.getvalue()


def put(rig: Rig, folder: str, objects: dict[str, bytes]) -> str:
    """Write objects under a folder; its address."""
    for key, body in objects.items():
        rig.put(f"{folder}/{key}", body)
    return f"s3://delivery-time/{folder}/"


@pytest.mark.parametrize(
    ("name", "kept", "passed_over"),
    [
        ("spark", "part-0.snappy.parquet", "_temporary/0/task/part-0.snappy.parquet"),
        ("mac", "orders.csv", "._orders.csv"),
        ("hidden", "orders.csv", "days/.tmp/orders.csv"),
    ],
)
def test_hidden_keys_are_no_data_and_are_counted(alone: Rig, name: str, kept: str, passed_over: str) -> None:
    body = parquet() if kept.endswith("parquet") else HEAD + ROWS
    junk = b"\x00\x05\x16\x07" if passed_over.startswith("._") else body
    job = alone.scored(put(alone, f"hidden-{name}", {kept: body, passed_over: junk, "_SUCCESS": b""}))
    assert (job["status"], job["rows_total"]) == ("succeeded", 3), job
    assert "2 key(s) under" in job["notes"][0]
    assert "passed over" in job["notes"][0]


@pytest.mark.parametrize(
    ("kind", "log"),
    [
        ("Delta", "_delta_log/00000000000000000000.json"),
        ("Iceberg", "metadata/00000-aa.metadata.json"),
        ("Hudi", ".hoodie/hoodie.properties"),
        ("Paimon", "snapshot/snapshot-1"),
        ("Spark stream", "_spark_metadata/0"),
    ],
)
@pytest.mark.parametrize("below", ["", "data/", "tables/orders/"])
def test_a_table_whose_log_says_what_counts_is_refused_from_wherever(
    alone: Rig, kind: str, log: str, below: str
) -> None:
    """As the prefix, as a folder above the prefix, and as one below it."""
    folder = f"table-{kind.replace(' ', '-')}-{len(below)}"
    inside = below if below == "tables/orders/" else ""
    uri = put(alone, folder, {f"{inside}{log}": b"{}", f"{inside}data/part-0.parquet": parquet()})
    with pytest.raises(TableInstead, match=f"is a {kind} table, or lies in one") as refused:
        alone.submit(uri + (below if below == "data/" else ""))
    assert "Parquet files, and submit that" in str(refused.value)


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("empty", ["nothing", "packed nothing"])
def test_an_empty_part_costs_no_other(alone: Rig, place: int, empty: str) -> None:
    names = ["a.csv", "b.csv", "c.csv"]
    objects = dict.fromkeys(names, HEAD + ROWS)
    del objects[names[place]]
    objects[names[place] + (".gz" if empty != "nothing" else "")] = b"" if empty == "nothing" else gzip.compress(b"")
    job = alone.scored(put(alone, f"empty-{place}-{len(empty)}", objects))
    assert (job["status"], job["rows_total"]) == ("succeeded", 6), job


def test_a_prefix_of_empty_parts_alone_has_no_rows(alone: Rig) -> None:
    with pytest.raises(UnreadableInput, match="every object under it is empty"):
        alone.submit(put(alone, "all-empty", {"a.csv": b"", "b.parquet": b""}))


def test_a_folder_that_is_named_like_a_file_is_told_apart(alone: Rig) -> None:
    uri = put(alone, "folder/orders.parquet", {"part-0.parquet": parquet()})
    with pytest.raises(FolderInstead, match=r"orders\.parquet is a folder: end the address with /"):
        alone.submit(uri.removesuffix("/"))
    assert alone.scored(uri)["rows_total"] == 3


def test_columns_in_the_path_count_as_columns(alone: Rig) -> None:
    objects = {
        "seller_zip_code_prefix=9350/a.csv": PLACES,
        "seller_zip_code_prefix=1001/a.csv": PLACES,
        "seller_zip_code_prefix=none/a.csv": PLACES,
    }
    job = alone.scored(put(alone, "by-seller", objects))
    assert (job["status"], job["rows_total"], job["rows_failed"]) == ("succeeded", 6, 2), job
    assert "seller_zip_code_prefix is not a number (got 'none')" in job["errors"][0]["reason"]
    assert {key.partition("/")[0] for key in alone.keys_in(job)} == {
        "_SUCCESS",
        *(key.partition("/")[0] for key in objects),
    }
    plain = alone.scored(alone.put("by-seller.csv", HEAD + b"1001,-23.577,-46.587\n1001,-22.9,-43.2\n"))
    (part,) = (key for key in alone.keys_in(job) if key.startswith("seller_zip_code_prefix=1001/"))
    rows = [line.split(b",") for line in alone.read(job["output_uri"] + part).splitlines()[1:]]
    expected = [line.split(b",") for line in alone.output(plain).splitlines()[1:]]
    assert [row[2:5] for row in rows] == [row[3:6] for row in expected]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_purchase_time_in_the_path_counts(alone: Rig, form: str) -> None:
    body = HEAD + ROWS if form == "csv" else parquet()
    day = {f"purchase_timestamp=2018-02-15%2010%3A00%3A00/part-0.{form}": body}
    dated = alone.scored(put(alone, f"by-day-{form}", day))
    assert (dated["status"], dated["rows_failed"]) == ("succeeded", 0), dated
    wrong = alone.scored(put(alone, f"by-no-day-{form}", {f"purchase_timestamp=someday/part-0.{form}": body}))
    assert (wrong["rows_failed"], wrong["rows_total"]) == (3, 3)
    assert "purchase_timestamp is not an ISO 8601 time" in wrong["errors"][0]["reason"]
    undated = alone.scored(
        put(alone, f"null-day-{form}", {f"purchase_timestamp=__HIVE_DEFAULT_PARTITION__/a.{form}": body})
    )
    assert undated["rows_failed"] == 0


def test_a_column_in_the_path_above_the_prefix_is_named(alone: Rig) -> None:
    put(alone, "above", {"purchase_timestamp=2018-02-15/part-0.csv": HEAD + ROWS})
    for uri in ("above/purchase_timestamp=2018-02-15/", "above/purchase_timestamp=2018-02-15/part-0.csv"):
        with pytest.raises(
            UnreadableInput, match=r"has column purchase_timestamp in its path.*s3://delivery-time/above/"
        ):
            alone.submit(f"s3://delivery-time/{uri}")


def test_a_column_in_the_path_and_in_the_file_is_refused(alone: Rig) -> None:
    uri = put(alone, "both", {"seller_zip_code_prefix=9350/part-0.csv": HEAD + ROWS})
    with pytest.raises(UnreadableInput, match="seller_zip_code_prefix in the file and in its path"):
        alone.submit(uri)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (" s3://delivery-time/same.csv", "s3://delivery-time/same.csv"),
        ("s3://delivery-time/same.csv", "\ts3://delivery-time/same.csv"),
        ("s3://delivery-time/same.csv", "s3://delivery-time//same.csv"),
        ("s3://delivery-time/in-same/", "s3://delivery-time/in-same"),
        ("s3://delivery-time/in-same/", " s3://delivery-time/in-same/out/"),
        ("s3://delivery-time/in-same/deep/", "s3://delivery-time/in-same/"),
        ("s3://delivery-time/in-same/deep/x.parquet", "s3://delivery-time/in-same/"),
        ("s3://delivery-time/in-same/deep/x.parquet", "s3://delivery-time/in-same/deep/x.parquet/"),
    ],
)
def test_a_result_never_meets_its_input(alone: Rig, given: str, wanted: str) -> None:
    alone.put("same.csv", HEAD + ROWS)
    put(alone, "in-same", {"a.csv": HEAD + ROWS, "deep/x.parquet": parquet()})
    with pytest.raises(InvalidInput, match=r"output_uri must lie outside the input|without empty parts"):
        alone.submit(given, wanted)


@pytest.mark.parametrize("uri", ["s3://[b]/x.csv", "s3:///x.csv", "s3://a b/x.csv", "S3://b/x.csv", "s3://b"])
def test_what_is_no_address_is_a_clear_error(alone: Rig, uri: str) -> None:
    with pytest.raises(DeliveryTimeError) as refused:
        alone.submit(uri)
    assert refused.value.status == 400


def test_packed_text_is_known_whatever_its_name(alone: Rig) -> None:
    job = alone.scored(alone.put("packed.csv", gzip.compress(HEAD + ROWS)))
    assert (job["status"], job["rows_total"]) == ("succeeded", 3), job
    assert alone.output(job).startswith(HEAD[:-1] + b",prediction,")


def test_gzip_with_zeros_behind_it_is_taken_as_gunzip_does(alone: Rig) -> None:
    packed = gzip.compress(HEAD) + bytes(700) + gzip.compress(ROWS) + bytes(10_000)
    job = alone.scored(alone.put("padded.csv.gz", packed))
    assert (job["status"], job["rows_total"]) == ("succeeded", 3), job

"""Parquet files and prefixes give datasets: part objects, a manifest, and the mark that all is there."""

import gzip
import io
import json
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from common.errors import ObjectForbidden, ObjectNotFound
from common.servers.objects import ObjectAddress
from scorer.parquet import batches as parquet_batches
from scorer.readers import row_groups
from support.model_fixtures import codes_of, made_up_orders
from support.scorer.rig import Rig, csv_file

ROWS = 3_000


def parquet(rows: int = ROWS, group: int = 700) -> bytes:
    orders = made_up_orders(rows)
    table = pa.table(
        {
            "note": [f"row {number}" for number in range(rows)],
            "seller_zip_code_prefix": codes_of(orders),
            "customer_lat": pa.array(orders.numbers["destination_lat"]).cast(pa.float32()),
            "customer_lng": pa.array([f"{each:.5f}" for each in orders.numbers["destination_lng"]]).dictionary_encode(),
            "purchase_timestamp": orders.purchase_timestamp,
        }
    )
    sink = io.BytesIO()
    pq.write_table(table.set_column(1, "seller_zip_code_prefix", _with_gaps(table)), sink, row_group_size=group)
    return sink.getvalue()


def _with_gaps(table: pa.Table) -> pa.Array:
    values = table.column("seller_zip_code_prefix").to_pylist()
    return pa.array([None if number % 500 == 499 else value for number, value in enumerate(values)])


def manifest(rig: Rig, body: dict[str, object]) -> dict[str, object]:
    return json.loads(rig.read(f"{str(body['output_uri']).removesuffix('/')}.manifest.json"))


def test_parquet_row_groups_become_part_files_with_every_row_in_order(
    alone: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_groups, "GROUP_ROWS", 1_400)
    source = parquet()
    body = alone.scored(alone.put("in/orders.parquet", source))
    assert (body["status"], body["rows_total"], body["rows_failed"]) == ("succeeded", ROWS, 6), body
    assert [entry["row"] for entry in body["errors"]] == [500, 1000, 1500, 2000, 2500, 3000]
    listed = manifest(alone, body)["objects"]
    assert [part["rows"] for part in listed] == [1_400, 1_400, 200]
    result = pa.concat_tables([pq.read_table(io.BytesIO(alone.read(part["uri"]))) for part in listed])
    given = pq.read_table(io.BytesIO(source))
    assert result.select(given.column_names) == given
    assert result.column("error")[499].as_py() == "seller_zip_code_prefix is missing"
    assert result.column("prediction").null_count == 6
    assert alone.read(f"{body['output_uri']}_SUCCESS") == b""
    assert alone.uploads() == []


def test_dates_far_away_pass_through_and_are_named_as_they_are(alone: Rig) -> None:
    """As Spark writes times by default: INT96, which nanoseconds in 64 bits do not reach."""
    far = [datetime(9999, 12, 31), datetime(1, 1, 1), datetime(2018, 3, 1, 12, 0, 0, 123456)]  # noqa: DTZ001
    bought = [datetime(2602, 1, 2), datetime(2018, 1, 2), datetime(2018, 1, 2)]  # noqa: DTZ001
    sink = io.BytesIO()
    orders = {"seller_zip_code_prefix": [9350] * 3, "customer_lat": [-23.5] * 3, "customer_lng": [-46.5] * 3}
    times = {"purchase_timestamp": pa.array(bought, pa.timestamp("us")), "far": pa.array(far, pa.timestamp("us"))}
    pq.write_table(pa.table({**orders, **times}), sink, use_deprecated_int96_timestamps=True)
    body = alone.scored(alone.put("in/int96.parquet", sink.getvalue()))
    assert (body["status"], body["rows_failed"]) == ("succeeded", 1), body
    assert "(got 2602-01-02T00:00:00)" in body["errors"][0]["reason"]
    (part,) = manifest(alone, body)["objects"]
    result = pq.read_table(io.BytesIO(alone.read(part["uri"])))
    assert result.column("far").to_pylist() == far
    assert result.column("purchase_timestamp").to_pylist() == bought


def test_views_of_texts_are_taken_as_texts(alone: Rig) -> None:
    texts = {"customer_lat": ["-23.5", None], "purchase_timestamp": ["2018-01-01", "2018-01-02"]}
    views = {name: pa.array(values, pa.string_view()) for name, values in texts.items()}
    sink = io.BytesIO()
    pq.write_table(pa.table({"seller_zip_code_prefix": [9350, 9350], "customer_lng": [-46.5, -46.5], **views}), sink)
    body = alone.scored(alone.put("in/views.parquet", sink.getvalue()))
    assert (body["status"], body["rows_total"], body["rows_failed"]) == ("succeeded", 2, 1), body
    assert body["errors"][0]["reason"] == "customer_lat is missing"


def test_a_row_group_larger_than_memory_allows_is_read_piece_by_piece(
    alone: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, width, piece = 2_000, 2_000, 100_000
    table = pq.read_table(io.BytesIO(parquet(rows)))
    noise = np.random.default_rng(0).bytes(rows * width)
    table = table.append_column("noise", [[noise[at : at + width] for at in range(0, rows * width, width)]])
    sink = io.BytesIO()
    pq.write_table(table, sink, row_group_size=rows)
    reads: list[int] = []

    read = alone.store.read

    def noted(address: ObjectAddress, start: int, end: int, etag: str) -> bytes:
        reads.append(end - start)
        return read(address, start, end, etag)

    monkeypatch.setattr(parquet_batches, "GROUP_BYTES", rows * width // 2)
    monkeypatch.setattr(parquet_batches, "STREAM_BYTES", piece * len(table.column_names))
    monkeypatch.setattr(parquet_batches, "BYTES_AT_ONCE", 500 * width)
    monkeypatch.setattr(alone.store, "read", noted)
    body = alone.scored(alone.put("in/large.parquet", sink.getvalue()))
    assert (body["status"], body["rows_total"]) == ("succeeded", rows), body
    assert max(reads) < rows * width * 2 // 3, "more than a page"
    result = pq.ParquetFile(io.BytesIO(alone.read(manifest(alone, body)["objects"][0]["uri"])))
    assert result.read().select(table.column_names) == table
    assert max(result.metadata.row_group(n).num_rows for n in range(result.num_row_groups)) <= 500


def test_a_prefix_gives_a_flat_folder_with_a_part_for_each_of_its_objects(alone: Rig) -> None:
    alone.put("many/a.csv", csv_file(5))
    alone.put("many/deep/b.csv.gz", gzip.compress(csv_file(7, seed=1)))
    alone.put("many/c.parquet", parquet(50))
    alone.put("many/empty.csv", csv_file(0))
    alone.put("many/readme.txt", b"not an input")
    body = alone.scored("s3://delivery-time/many/")
    assert (body["status"], body["rows_total"]) == ("succeeded", 62), body
    parts = manifest(alone, body)["objects"]
    names = [part["uri"].removeprefix(body["output_uri"]) for part in parts]
    endings = ["csv", "parquet", "csv", "csv"]
    assert names == [f"part-{number:05d}-{body['id']}.{ending}" for number, ending in enumerate(endings)]
    assert [(part["input"].partition("many/")[2], part["rows"]) for part in parts] == [
        ("a.csv", 5),
        ("c.parquet", 50),
        ("deep/b.csv.gz", 7),
        ("empty.csv", 0),
    ]
    assert sorted(alone.keys_in(body)) == sorted(["_SUCCESS", *names])
    assert len(alone.read(parts[2]["uri"]).splitlines()) == 8


def test_wrong_keys_of_the_object_store_are_named_as_the_cause(alone: Rig) -> None:
    uri = alone.put("locked.csv", csv_file(5))
    alone.restart(OBJECT_STORE_SECRET_KEY="not-the-key")
    with pytest.raises(ObjectForbidden, match="OBJECT_STORE_SECRET_KEY are right"):
        alone.submit(uri)


def test_an_empty_prefix_is_refused_at_once(alone: Rig) -> None:
    with pytest.raises(ObjectNotFound, match="nothing/here/"):
        alone.submit("s3://delivery-time/nothing/here/")

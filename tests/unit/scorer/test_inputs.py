"""Files and folders as people have them, from submission to result, in memory."""

import gzip
import io
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from common.errors import DeliveryTimeError, FileInstead, TableInstead, UnreadableInput
from common.model.bundle import Bundle
from common.model.predictor import Predictor
from support.scorer.in_process import Progress, scored
from support.scorer.inputs import HEAD, ROWS, Score, written
from support.stand_ins.memory_store import MemoryStore


def parquet(rows: int) -> bytes:
    columns = {"seller_zip_code_prefix": pa.int64(), "customer_lat": pa.float64(), "customer_lng": pa.float64()}
    values = (9350, -23.577, -46.587)
    table = {name: pa.array([value] * rows, kind) for (name, kind), value in zip(columns.items(), values, strict=True)}
    sink = io.BytesIO()
    pq.write_table(pa.table(table), sink)
    return sink.getvalue()


@pytest.mark.parametrize(
    "nothing",
    [b"\n", b"\r\n  \n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n", HEAD],
    ids=["line", "lines", "mark", "both", "header"],
)
@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
def test_a_part_without_a_row_costs_no_other(score: Score, nothing: bytes, ending: str) -> None:
    empty = gzip.compress(nothing) if ending == "csv.gz" else nothing
    assert score("t/", **{"t/a.csv": HEAD + ROWS, f"t/b.{ending}": empty, "t/c.csv": HEAD + ROWS}).rows == 6


def test_a_parquet_part_without_a_row_costs_no_other(score: Score) -> None:
    result = score("t/", **{"t/a.parquet": parquet(2), "t/b.parquet": parquet(0), "t/c.parquet": parquet(1)})
    assert (result.rows, result.rows_failed) == (3, 0)


def test_a_struct_of_nothing_passes_beside_texts_that_repeat(score: Score) -> None:
    """pyarrow's cast of a slice of it to its own type gives a child that is too short."""
    columns = {
        "seller_zip_code_prefix": pa.array([9350] * 4),
        "customer_lat": pa.array([-23.5] * 4),
        "customer_lng": pa.array(["-46.5"] * 4),
        "nothing": pa.StructArray.from_arrays([pa.nulls(4)], fields=[pa.field("at all", pa.null())]),
    }
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, row_group_size=1)
    result = score("a.parquet", **{"a.parquet": sink.getvalue()})
    assert pq.read_table(io.BytesIO(result.body)).column("nothing").to_pylist() == [{"at all": None}] * 4
    assert (result.rows, result.rows_failed) == (4, 0)


def test_the_line_by_which_spreadsheets_know_the_delimiter_is_passed_over(score: Score) -> None:
    result = score("a.csv", **{"a.csv": b"\xef\xbb\xbfsep=;\r\n" + (HEAD + b"9350,x,1\n" + ROWS).replace(b",", b";")})
    assert (result.rows, result.rows_failed, result.errors[0]["line"]) == (4, 1, 3)
    assert result.body.startswith(b"\xef\xbb\xbfseller_zip_code_prefix;")


def test_a_file_that_is_named_as_a_folder_is_told_apart(score: Score) -> None:
    with pytest.raises(FileInstead, match=r"a\.csv/ is no folder, but there is a file of this name: leave out the /"):
        score("t/a.csv/", **{"t/a.csv": HEAD + ROWS})


@pytest.mark.parametrize("ending", ["CSV", "Csv", "CSV.GZ"])
def test_endings_count_in_capitals_too(score: Score, ending: str) -> None:
    body = gzip.compress(HEAD + ROWS) if ending.endswith("GZ") else HEAD + ROWS
    assert score(f"a.{ending}", **{f"a.{ending}": body}).rows == 3
    assert score("t/", **{f"t/a.{ending}": body, "t/b.csv": HEAD + ROWS}).rows == 6


@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
@pytest.mark.parametrize(
    ("row", "result"),
    [
        (b'9350,-23.5,-46.5,"5 inch', b'9350,-23.5,-46.5,"""5 inch",,,,'),
        (b'9350,"-23.5,-46.5,x', b'9350,"""-23.5,-46.5,x",,,,,,'),
        (b'9350,-23.5,"-46""5","', b'9350,-23.5,"-46""5","""",,,,'),
    ],
)
def test_a_quote_that_is_never_closed_costs_its_row_alone(score: Score, ending: str, row: bytes, result: bytes) -> None:
    good = b'1001,-22.9,-43.2,"a\nb"\n'
    text = HEAD[:-1] + b",note\n" + good + row + b"\n" + good.replace(b'"a\nb"', b"c") + b"88010,-27.6,-48.5,\n"
    body = gzip.compress(text) if ending == "csv.gz" else text
    found = score(f"a.{ending}", **{f"a.{ending}": body})
    assert (found.rows, found.rows_failed) == (4, 1)
    assert found.errors == [{"row": 2, "reason": 'the row opens a quote (") that is never closed', "line": 4}]
    assert result + b'"the row opens a quote ("") that is never closed"\n1001,-22.9,-43.2,c,' in found.body


def test_marks_of_folders_and_twins_are_no_data(score: Score) -> None:
    marks = {"t/": b"", "t/sub/": b"", "t/sub_$folder$": b"", "t/.a.csv.crc": b"x", "t/__MACOSX/a.csv": b"x"}
    result = score("t/", **marks, **{"t/a.csv": HEAD + ROWS})
    assert (result.rows, len(result.notes)) == (3, 1)
    assert result.notes[0].startswith("3 key(s) under s3://bucket/t/ are no data")


@pytest.mark.parametrize(
    ("log", "file"),
    [
        ("t/_delta_log/00000000000000000000.json", "t/part-0.snappy.parquet"),
        ("t/_delta_log/00000000000000000000.json", "t/day=1/hour=2/part-0.parquet"),
        ("_delta_log/00000000000000000000.json", "part-0.parquet"),
        ("t/metadata/v1.metadata.json", "t/data/day=1/a.PARQUET"),
        ("t/.hoodie/hoodie.properties", "t/day/a.parquet"),
        ("t/snapshot/LATEST", "t/bucket-0/data.parquet"),
        ("t/_spark_metadata/0", "t/part-00000-7d2bb3cb-0f05-4a19-8a0f-1f3f1f2a7f11-c000.csv"),
    ],
)
def test_a_single_file_of_a_table_is_refused_too(score: Score, log: str, file: str) -> None:
    body = HEAD + ROWS if file.endswith("csv") else parquet(2)
    with pytest.raises(TableInstead, match=f"{file} is a .* table, or lies in one.*Parquet files, and submit that"):
        score(file, **{log: b"{}", file: body})
    beside = file.replace("t/", "u/") if "/" in file else f"u/{file}"
    if log.startswith("t/"):
        assert score(beside, **{log: b"{}", beside: body}).rows > 0


def test_no_file_is_looked_for_in_more_folders_than_a_table_has(score: Score, monkeypatch: pytest.MonkeyPatch) -> None:
    listed: list[str] = []
    objects_under = MemoryStore.objects_under
    monkeypatch.setattr(
        MemoryStore, "objects_under", lambda store, at: (listed.append(at.key), objects_under(store, at))[1]
    )
    deep = "a/" * 300 + "x.parquet"
    assert score(deep, **{deep: parquet(1)}).rows == 1
    assert len(listed) == 60
    listed.clear()
    score("orders/today.csv", **{"orders/today.csv": HEAD + ROWS})
    assert listed == []


def test_a_code_may_be_a_decimal_as_oracle_exports_it(score: Score) -> None:
    codes = pa.array([9350, 1001, 88010]).cast(pa.decimal128(38, 2))
    texts, decimals = (
        score("a.parquet", **{"a.parquet": written(seller_zip_code_prefix=None, origin_postal_code=column)})
        for column in (pa.array(["9350", "1001", "88010"]), codes)
    )
    predictions = [
        pq.read_table(io.BytesIO(result.body)).column("prediction").to_pylist() for result in (texts, decimals)
    ]
    assert predictions[0] == predictions[1]
    assert None not in predictions[0]


def test_columns_in_capitals_are_the_same_columns(score: Score) -> None:
    """Snowflake and Oracle write names in capitals, Spark and DuckDB do not tell them apart."""
    small = score("a.csv", **{"a.csv": HEAD + ROWS})
    capitals = score("a.csv", **{"a.csv": HEAD.upper() + ROWS})
    assert capitals.body.splitlines()[0] == HEAD[:-1].upper() + b",prediction,prediction_lower,prediction_upper,error"
    assert capitals.body.splitlines()[1:] == small.body.splitlines()[1:]
    columns = {"Customer_Lat": [-23.577, -22.9, -27.6], "customer_lat": None, "NOTE": ["a", "b", "c"]}
    result = score("a.parquet", **{"a.parquet": written(**columns)})
    assert (result.rows, result.rows_failed) == (3, 0)
    assert "Customer_Lat" in pq.read_table(io.BytesIO(result.body)).column_names
    in_path = score("t/", **{"t/Seller_Zip_Code_Prefix=9350/a.csv": b"CUSTOMER_LAT,Customer_Lng\n-23.577,-46.587\n"})
    assert in_path.outputs[0][1].splitlines()[1].split(b",")[2:] == small.body.splitlines()[1].split(b",")[3:]


def test_two_spellings_of_a_column_are_no_column_and_the_right_one_counts(score: Score) -> None:
    head = HEAD[:-1] + b",CUSTOMER_LAT\n"
    assert score("a.csv", **{"a.csv": head + b"9350,-23.577,-46.587,x\n"}).rows_failed == 0
    with pytest.raises(DeliveryTimeError, match=r"lacks column\(s\) customer_lat"):
        score("a.csv", **{"a.csv": head.replace(b"customer_lat", b"Customer_Lat") + b"9350,-23.5,-46.5,x\n"})


def test_a_parquet_column_that_readers_would_take_for_one_of_the_results_is_refused(score: Score) -> None:
    with pytest.raises(
        UnreadableInput, match=r"already has column\(s\) PREDICTION, which the result adds: rename them"
    ):
        score("a.parquet", **{"a.parquet": written(PREDICTION=[1, 2, 3])})
    assert score("a.csv", **{"a.csv": HEAD[:-1] + b",PREDICTION\n9350,-23.5,-46.5,1\n"}).rows == 1


@pytest.mark.parametrize("nothing", ["", "\\N", "NULL", '"NULL"'])
def test_what_databases_write_for_no_value_is_none(score: Score, nothing: str) -> None:
    head = "seller_zip_code_prefix,destination_region,purchase_timestamp,note\n"
    rows = [
        f"9350,SP,{nothing},{nothing}",
        f"9350,{nothing},2018-02-15,x",
        '9350,"SP","2018-02-15","a""b"',
        "9350,SP,,x",
    ]
    for broken in ([], ["1,2"]):
        result = score("a.csv", **{"a.csv": (head + "\n".join([*rows, *broken])).encode()})
        lines = result.body.decode().splitlines()
        assert [line.startswith(row) for line, row in zip(lines[1:5], rows, strict=True)] == [True] * 4
        assert [line.rpartition(",")[2] for line in lines[1:5]] == [
            "", '"the destination is missing: fill destination_region"', "", ""
        ]  # fmt: skip


def zipped() -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as file:
        file.writestr("orders.csv", HEAD + ROWS)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("key", "body", "reason"),
    [
        ("a.csv", zipped(), "is binary, not CSV text: it looks like a ZIP archive or an Excel workbook"),
        ("a.csv", parquet(2), "is binary, not CSV text: it looks like Parquet"),
        ("a.csv.gz", gzip.compress(gzip.compress(HEAD + ROWS)), "it looks like gzip, packed twice"),
        ("a.csv.gz", gzip.compress(HEAD + ROWS) + b"more", "has something else behind its gzip data: b'more'"),
        ("a.csv", (HEAD + ROWS).decode().encode("utf-16-le"), "is UTF-16: save it as UTF-8"),
    ],
)
def test_what_is_no_csv_is_named(score: Score, key: str, body: bytes, reason: str) -> None:
    with pytest.raises(UnreadableInput) as refused:
        score(key, **{key: body})
    assert reason in str(refused.value)


def test_a_zero_byte_in_a_row_is_no_reason_to_refuse_a_file(score: Score) -> None:
    row = b"9350,-23.577,-46.587,a\x00b"
    result = score("a.csv", **{"a.csv": HEAD[:-1] + b",note\n" + row + b"\n1001,-22.9,-43.2,x\n"})
    assert (result.rows, result.rows_failed) == (2, 0)
    assert result.body.splitlines()[1].startswith(row + b",")


def test_a_minus_sign_is_one_and_a_line_behind_gzip_is_none(score: Score) -> None:
    body = gzip.compress(HEAD + "9350,−23.577,−46.587\n".encode()) + b"\n"
    assert (score("a.csv.gz", **{"a.csv.gz": body}).rows_failed) == 0


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("in/*.csv", "wildcards are not expanded: submit a folder, such as s3://bucket/in/"),
        ("in/201?/", "wildcards are not expanded: submit a folder, such as s3://bucket/in/"),
        ("*.csv", "wildcards are not expanded: submit a folder, such as s3://bucket/folder/"),
        ("only/", "s3://bucket/only/ has 2 key(s), none of them data, e.g. '_a.csv': it takes .csv, .csv.gz,"),
    ],
)
def test_an_address_of_no_data_says_why(score: Score, address: str, said: str) -> None:
    with pytest.raises(DeliveryTimeError) as refused:
        score(address, **{"in/a.csv": HEAD + ROWS, "only/_a.csv": HEAD + ROWS, "only/part-0": HEAD})
    assert said in str(refused.value)
    assert refused.value.status == 404
    assert score("in/[a].csv", **{"in/[a].csv": HEAD + ROWS}).rows == 3


@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
def test_megabytes_of_blank_lines_make_no_part_that_is_too_small_for_an_upload(
    sample_bundle: Bundle, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    sizes: list[int] = []
    upload = Progress.upload
    monkeypatch.setattr(Progress, "upload", lambda at, body: (sizes.append(len(body)), upload(at, body))[1])
    text = HEAD + ROWS + b"\n" * (13 * 2**20) + ROWS + b"\n" * (6 * 2**20)
    store = MemoryStore(block_bytes=2**20)
    store.keep(f"a.{ending}", gzip.compress(text, 1) if ending == "csv.gz" else text)
    result = scored(store, f"a.{ending}", Predictor(sample_bundle), chunk_bytes=6 * 2**20)
    assert (result.rows, result.rows_failed) == (6, 0)
    assert len([line for line in result.body.splitlines() if line]) == 7
    assert len(sizes) > 2
    assert min(sizes[:-1]) >= 5 * 2**20
    assert sizes[-1] < 2**20

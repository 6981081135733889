"""Made-up folders: what of them is data, and that all of it is scored. Not part of `make test` (see `make fuzz`)."""

import csv
import gzip
import io
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from common.errors import NotFound, TableInstead, UnreadableInput
from common.model.predictor import Predictor
from support.fuzzing import made_up
from support.scorer.in_process import scored
from support.stand_ins.memory_store import MemoryStore

NAMES = ["seller_zip_code_prefix", "customer_lat", "customer_lng", "id"]
ENDINGS = (".csv", ".csv.gz", ".csv.zst", ".parquet")

FOLDERS = st.one_of(
    st.sampled_from(
        ["2018", "deep", "x y", "a%2Fb", "größe", "日本", "…", "%", "%zz", "+", "~", "a&b", "$folder$", "__MACOSX",
         "_temporary", ".hidden", "_delta_log", "metadata", ".hoodie", "snapshot", "_spark_metadata",
         "day=2018-02-15", "day=1", "city=São%20Paulo", "a=b=c", "=x", "x=", "error=1", "seller_zip_code_prefix=9350",
         "customer_lat=-23,5", "purchase_timestamp=2018-02-15", "customer_lng=__HIVE_DEFAULT_PARTITION__"]
    ),
    st.text("ab=%_.é 1", min_size=1, max_size=5).filter(lambda text: text not in (".", "..")),
)  # fmt: skip
FILES = st.one_of(
    st.builds("{}{}".format, st.sampled_from(["a", "part-0", "b.c", "é", "%41", "_x", ".x", "._a", "x y", "=", "A"]),
              st.sampled_from([*ENDINGS, ".snappy.parquet", ".CSV", ".crc", ".txt", ".parquet.tmp", ".csv.bak", ""])),
    st.sampled_from(["_SUCCESS", "00000000000000000000.json", "v1.metadata.json", "hoodie.properties", "manifest.json",
                     "version-hint.text", "snapshot-1", "LATEST", "0"]),
)  # fmt: skip
LOGGED = {
    "_delta_log": lambda rest: True,
    ".hoodie": lambda rest: True,
    "_spark_metadata": lambda rest: True,
    "metadata": lambda rest: len(rest) == 1 and (rest[0].endswith(".metadata.json") or rest[0] == "version-hint.text"),
    "snapshot": lambda rest: len(rest) == 1 and (rest[0] == "LATEST" or rest[0].startswith("snapshot-")),
}


@st.composite
def folders(draw: st.DrawFn) -> dict[str, int]:
    """Keys below the prefix, each with its number of rows; -1: no byte."""
    keys: dict[str, int] = {}
    for _ in range(draw(st.integers(1, 6))):
        key = "/".join([*draw(st.lists(FOLDERS, max_size=3)), draw(FILES)])
        keys[key] = draw(st.sampled_from([-1, 0, 1, 2, 3]))
    return keys


def body_of(key: str, rows: int, first: int) -> bytes:
    if rows < 0:
        return b""
    in_path = {unquote(part.partition("=")[0]) for part in key.split("/")[:-1] if part.find("=") > 0}
    names = [name for name in NAMES if name not in in_path]
    values = {"seller_zip_code_prefix": 9350, "customer_lat": -23.5, "customer_lng": -46.5}
    table = pa.table({n: pa.array([values.get(n, first + row) for row in range(rows)], pa.float64()) for n in names})
    if key.endswith(".parquet"):
        sink = io.BytesIO()
        pq.write_table(table, sink)
        return sink.getvalue()
    lines = [",".join(names), *(",".join(map(str, row)) for row in zip(*table.to_pydict().values(), strict=True))]
    text = "".join(f"{line}\n" for line in lines).encode()
    if key.endswith(".gz"):
        return gzip.compress(text)
    return zstandard.compress(text) if key.endswith(".zst") else text


def is_data(key: str) -> bool:
    return key.lower().endswith(ENDINGS) and not any(part.startswith(("_", ".")) for part in key.split("/"))


def in_table(key: str) -> bool:
    parts = key.split("/")
    return any(part in LOGGED and LOGGED[part](parts[at + 1 :]) for at, part in enumerate(parts[:-1]))


def ids(key: str, body: bytes) -> list[float]:
    if key.endswith(".parquet"):
        return pq.read_table(io.BytesIO(body)).column("id").to_pylist()
    return [float(row["id"]) for row in csv.DictReader(io.StringIO(body.decode()))]


@made_up()
@given(keys=folders(), prefix=st.sampled_from(["in/", "a=1/in/", "_in/.x/", "in/é %20/"]))
def test_the_data_of_any_folder_is_scored_and_nothing_else(
    predictor: Predictor, keys: dict[str, int], prefix: str
) -> None:
    store, expected, counted = MemoryStore(), dict[str, list[float]](), 0
    for key in sorted(keys):
        rows = keys[key]
        store.keep(prefix + key, body_of(key, rows, counted))
        if is_data(key) and rows >= 0:
            expected[key] = [float(counted + row) for row in range(rows)]
        counted += max(rows, 0)
    try:
        result = scored(store, prefix, predictor)
    except TableInstead:
        assert any(map(in_table, keys))
        return
    except NotFound:
        assert not any(map(is_data, keys))
        return
    except UnreadableInput as error:
        told = ("every object under it is empty", "in the file and in its path", "which the result adds", "has no rows")
        assert any(why in str(error) for why in told), error
        return
    assert not any(map(in_table, keys))
    assert result.rows == sum(map(len, expected.values()))
    assert [ids(name, body) for name, body in result.outputs if ids(name, body)] == [
        numbers for _, numbers in sorted(expected.items()) if numbers
    ]
    passed_over = sum(not is_data(key) for key in keys)
    assert (f"{passed_over:,} key(s)" in " ".join(result.notes)) == bool(passed_over)
    places = [folder(key) for key in sorted(expected)]
    assert {name.rpartition("/")[0] for name, _ in result.outputs} <= set(places)
    if not any(column in key for key in keys for column in ("customer_l", "purchase_", "seller_")):
        assert result.rows_failed == 0, result.errors


def folder(key: str) -> str:
    return "/".join(part for part in key.split("/")[:-1] if part.find("=") > 0)

"""Results are read as folders by the programs that people read folders with."""

import io
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq
import pytest

from support.model_fixtures import made_up_orders
from support.scorer.rig import Rig

ROWS = 40


def parquet(seed: int) -> bytes:
    sink = io.BytesIO()
    orders = made_up_orders(ROWS, seed)
    codes = {"origin_postal_code": orders.texts["origin_postal_code"].tolist()}
    pq.write_table(
        pa.table(codes | orders.numbers | {"purchase_timestamp": orders.purchase_timestamp}), sink, row_group_size=10
    )
    return sink.getvalue()


@pytest.fixture(params=["a file", "a flat prefix", "partitions"])
def folder(alone: Rig, tmp_path: Path, request: pytest.FixtureRequest) -> tuple[Path, int]:
    """The folder of a result on disk, with its manifest beside it, and how many rows it has."""
    if request.param == "a file":
        uri, rows = alone.put("readers/file/orders.parquet", parquet(0)), ROWS
    else:
        places = ("day=1/x", "day=2/x") if request.param == "partitions" else ("x", "deep/y")
        for number, place in enumerate(places):
            alone.put(f"readers/{request.param[:4]}/{place}.parquet", parquet(number))
        uri, rows = f"s3://delivery-time/readers/{request.param[:4]}/", 2 * ROWS
    job = alone.scored(uri)
    assert job["status"] == "succeeded", job
    for key in alone.keys_in(job):
        target = tmp_path / "out" / key
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(alone.read(job["output_uri"] + key))
    return tmp_path / "out", rows


def by_pyarrow(folder: Path) -> int:
    return pads.dataset(folder, partitioning="hive").to_table(["prediction"]).drop_null().num_rows


def by_pandas(folder: Path) -> int:
    return int(pd.read_parquet(folder)["prediction"].count())


def by_polars(folder: Path) -> int:
    return pl.read_parquet(folder).get_column("prediction").count()


def by_duckdb(folder: Path) -> int:
    with duckdb.connect() as connection:
        ((count,),) = connection.read_parquet(f"{folder}/**/*.parquet").count("prediction").fetchall()
    return int(count)


def by_spark(folder: Path) -> int:
    sql = pytest.importorskip("pyspark.sql")
    if not shutil.which("java") or subprocess.run(["java", "-version"], capture_output=True).returncode:
        pytest.skip("there is no Java")
    spark = sql.SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    try:
        return int(spark.read.parquet(str(folder)).where("prediction IS NOT NULL").count())
    finally:
        spark.stop()


@pytest.mark.parametrize("read", [by_pyarrow, by_pandas, by_polars, by_duckdb, by_spark])
def test_every_row_is_read_with_its_prediction(folder: tuple[Path, int], read: Callable[[Path], int]) -> None:
    path, rows = folder
    assert read(path) == rows

"""Orders out of the object store: one object, or all under a prefix."""

import io

import polars as pl
import pytest

from common.errors import ObjectNotFound
from common.servers.objects import ObjectAddress, ObjectStore
from support.shop_files import HEADER, ROWS, ShopFolder
from trainer.sources.errors import UnusableSource
from trainer.sources.raw import text_files


def test_a_prefix_is_read_object_by_object(
    made: ShopFolder, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_files, "BLOCK_BYTES", 64)
    made.store = lambda: store
    parquet = io.BytesIO()
    rows = [line.split(",") for line in ROWS.replace("a", "p").splitlines()]
    pl.DataFrame(rows, schema=HEADER.split(","), orient="row").write_parquet(parquet)
    prefix = f"s3://{store.bucket}/shop-orders"
    for key, body in {
        "a.csv": f"{HEADER}\n{ROWS}".encode(), "b.parquet": parquet.getvalue(), "_SUCCESS": b"", "_log/1.csv": b"junk"
    }.items():  # fmt: skip
        store.put(ObjectAddress.split(f"{prefix}/{key}"), body)
    made.shop(source=f"{prefix}/")
    assert made.build()[0]["order_id"].to_list() == ["a1", "a2", "p1", "p2"]
    made.shop(source=f"{prefix}/a.csv")
    assert made.build()[0]["order_id"].to_list() == ["a1", "a2"]


def test_what_is_not_there_is_named(made: ShopFolder, store: ObjectStore) -> None:
    made.store = lambda: store
    made.shop(source=f"s3://{store.bucket}/nothing.csv")
    with pytest.raises(ObjectNotFound, match=r"nothing\.csv does not exist"):
        made.build()
    made.shop(source=f"s3://{store.bucket}/nothing/")
    with pytest.raises(UnusableSource, match="holds no file that ends in"):
        made.build()

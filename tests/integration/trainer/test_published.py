"""The history in the object store: whole or not there, the same everywhere, and only what is new is written."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import polars as pl
import pytest

from common.errors import DamagedHistory, ObjectStoreUnavailable
from common.servers.history import HistoryStore
from common.servers.objects import ObjectAddress, ObjectStore
from support.model_fixtures import made_up_history
from support.olist_folder import nowhere
from support.prepared_data import general_table, write_orders, write_prepared
from trainer.data.prepared import read_prepared
from trainer.data.synthetic.generate import Wanted, synthesize
from trainer.published import read
from trainer.published.publish import is_published, publish_prepared
from trainer.published.read import read_version
from trainer.published.seen import ASKED, Seen
from trainer.published.update import Updating
from trainer.sources.olist.shop import olist_shop
from trainer.sources.raw.open import Sources

NOW = np.datetime64("2026-01-01", "s")
NOTHING = Seen(pl.DataFrame(schema=ASKED), pl.DataFrame(schema={"order_id": pl.String}))


def nothing_seen(_: object) -> list[Seen]:
    return [NOTHING]


class CountingStore(ObjectStore):
    """The object store, which dies at a certain write."""

    def __init__(self, store: ObjectStore) -> None:
        super().__init__(store._settings)
        self.written: list[str] = []
        self.dies_at = -1

    def put(self, address: ObjectAddress, *rest: Any, **named: Any) -> None:
        self._count(address)
        super().put(address, *rest, **named)

    def upload(self, address: ObjectAddress, file: Path, progress: Callable[[int], object]) -> None:
        self._count(address)
        super().upload(address, file, progress)

    def _count(self, address: ObjectAddress) -> None:
        if len(self.written) == self.dies_at:
            raise ObjectStoreUnavailable("it died")
        self.written.append(address.key)


@pytest.fixture
def objects(store: ObjectStore) -> CountingStore:
    return CountingStore(store)


@pytest.fixture
def history(objects: ObjectStore) -> HistoryStore:
    return HistoryStore(objects, f"tests/{uuid4()}/")


def test_what_is_published_is_read_as_it_was_prepared(history: HistoryStore, tmp_path: Path) -> None:
    write_prepared(tmp_path, rows=2_000)
    prepared = read_prepared(tmp_path / "prepared")
    version = publish_prepared(tmp_path / "prepared", history)
    read = read_version(history, history.must_have(), NOW)
    assert read.fingerprint == prepared.fingerprint
    assert read.places.equals(prepared.places)
    assert (read.shop, read.version, version.orders) == (prepared.shop, version.name, 2_000)


def test_a_version_writes_the_months_in_which_something_is_new(
    history: HistoryStore, objects: CountingStore, tmp_path: Path
) -> None:
    orders = general_table(made_up_history(2_000))
    write_orders(tmp_path, orders)
    first = publish_prepared(tmp_path / "prepared", history)
    objects.written.clear()
    assert publish_prepared(tmp_path / "prepared", history).name == first.name
    assert not [key for key in objects.written if "/parts/" in key]
    newer = pl.when(pl.col("order_id") == "order-7").then(pl.lit("another")).otherwise(pl.col("order_id"))
    write_orders(tmp_path, orders.with_columns(newer.alias("order_id")))
    second = publish_prepared(tmp_path / "prepared", history)
    assert len([key for key in objects.written if "/parts/" in key]) == 1
    assert history.must_have().name == second.name != first.name
    assert history.version(first.name) == first, "what a bundle names stays readable"


def test_of_a_very_large_history_the_same_sample_is_read_each_time(
    history: HistoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_prepared(tmp_path, rows=2_000)
    version = publish_prepared(tmp_path / "prepared", history)
    assert read_version(history, version, NOW).sampled_from == 0
    monkeypatch.setattr(read, "MOST_ORDERS", 500)
    one, again = (read_version(history, version, NOW) for _ in range(2))
    assert len(one.history) == pytest.approx(500, abs=80)
    assert (one.fingerprint, one.sampled_from) == (again.fingerprint, 2_000)


@pytest.mark.parametrize("write", [0, 1, 11, 12, 13])
def test_a_version_that_is_half_written_is_never_seen(
    history: HistoryStore, objects: CountingStore, tmp_path: Path, write: int
) -> None:
    write_orders(tmp_path, general_table(made_up_history(500)))
    objects.dies_at = write
    with pytest.raises(ObjectStoreUnavailable):
        publish_prepared(tmp_path / "prepared", history)
    assert history.newest() is None
    assert not is_published(tmp_path / "prepared")
    objects.dies_at = -1
    publish_prepared(tmp_path / "prepared", history)
    assert (
        read_version(history, history.must_have(), NOW).fingerprint == read_prepared(tmp_path / "prepared").fingerprint
    )


def test_a_part_that_is_damaged_or_gone_is_refused(history: HistoryStore, store: ObjectStore, tmp_path: Path) -> None:
    write_orders(tmp_path, general_table(made_up_history(500)))
    version = publish_prepared(tmp_path / "prepared", history)
    address = ObjectAddress(store.bucket, f"{history._folder}parts/{version.months['2017-03'].sha256}")
    store.put(address, b"something else")
    with pytest.raises(DamagedHistory, match="differs from its checksum"):
        read_version(history, version, NOW)
    store.delete(address)
    with pytest.raises(DamagedHistory, match="not there any more"):
        read_version(history, version, NOW)


@pytest.fixture
def updating(history: HistoryStore, tmp_path: Path) -> Updating:
    """Of Olist's nine files, made up."""
    folder = tmp_path / "dataset"
    synthesize(Wanted(orders=800, start=date(2018, 1, 1), end=date(2018, 4, 30)), folder)
    return Updating(lambda: olist_shop(folder), Sources({}, nowhere), tmp_path / "prepared", history, nothing_seen)


def test_a_source_is_read_again_only_if_it_changed(updating: Updating, tmp_path: Path) -> None:
    first = updating.bring_up_to_date().version
    report = tmp_path / "prepared" / "report.json"
    read_at = report.stat().st_mtime_ns
    assert updating.bring_up_to_date().version == first
    assert report.stat().st_mtime_ns == read_at
    orders = tmp_path / "dataset" / "olist_orders_dataset.csv"
    rows = orders.read_text().splitlines(keepends=True)
    orders.write_text("".join(rows[:-50]))
    os.utime(orders, ns=(1, 1))
    assert updating.bring_up_to_date().version.orders < first.orders


def test_a_folder_that_was_prepared_before_the_newest_version_is_no_news(
    updating: Updating, history: HistoryStore, tmp_path: Path
) -> None:
    newest = updating.bring_up_to_date().version
    write_orders(tmp_path / "other", general_table(made_up_history(50)))
    elsewhere = replace(updating, prepared=tmp_path / "other" / "prepared")
    orders = tmp_path / "other" / "prepared" / "orders.parquet"
    os.utime(orders, ns=(1, 1))
    assert elsewhere.publish_waiting() == newest
    os.utime(orders)
    waiting = elsewhere.publish_waiting()
    assert waiting is not None
    assert waiting.orders == 50


def test_a_host_without_the_source_goes_on_with_the_history_and_says_so(updating: Updating, tmp_path: Path) -> None:
    version = updating.bring_up_to_date().version
    there = replace(updating, shop=lambda: olist_shop(tmp_path / "nothing"), prepared=tmp_path / "other")
    newest = there.bring_up_to_date()
    assert newest.version == version
    assert "is not on this host" in newest.missing


@pytest.mark.parametrize("file", ["newest.json", "versions/{}.json"])
def test_what_is_damaged_says_so_and_is_whole_once_the_orders_are_prepared_again(
    history: HistoryStore, objects: CountingStore, tmp_path: Path, file: str
) -> None:
    write_orders(tmp_path, general_table(made_up_history(500)))
    version = publish_prepared(tmp_path / "prepared", history)
    objects.put(history._address(file.format(version.name)), b'{"shop"')
    with pytest.raises(DamagedHistory, match="prepare the data again"):
        history.newest()
    assert publish_prepared(tmp_path / "prepared", history).name == version.name
    assert history.must_have().orders == 500

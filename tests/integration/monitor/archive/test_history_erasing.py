"""An order that is erased is in no version of the history any more, and all others are."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from sqlalchemy import delete

from common.database import erasures
from common.database.session import Database
from common.database.tables import Erasure
from common.errors import DamagedHistory, ObjectStoreUnavailable
from common.servers.history import HistoryStore
from common.servers.objects import ObjectStore
from monitor.archive.history_erasing import erase_from_history
from monitor.windows.history import read_history
from support.model_fixtures import SHOP, made_up_history
from support.prepared_data import general_table, published, write_orders
from trainer.published.publish import publish_prepared


@pytest.fixture
def history(database: Database, store: ObjectStore, tmp_path: Path) -> HistoryStore:
    with database.transaction() as session:
        session.execute(delete(Erasure))
    write_orders(tmp_path, general_table(made_up_history(300)), SHOP)
    return published(tmp_path, store)


def erase(database: Database, order_id: str) -> None:
    with database.transaction() as session:
        erasures.erase(session, order_id)


def ids(history: HistoryStore) -> "pd.Series[str]":
    return read_history(history).table["order_id"]


def test_an_erased_order_leaves_every_version(database: Database, history: HistoryStore, tmp_path: Path) -> None:
    before = history.must_have()
    assert erase_from_history(database, history) == 0, "nothing was erased"
    erase(database, "order-7")
    erase(database, "of-no-history")
    assert erase_from_history(database, history) == 1
    after = history.must_have()
    assert sorted(ids(history)) == sorted({f"order-{number}" for number in range(300)} - {"order-7"})
    assert (after.orders, after.source == after.months) == (299, True)
    assert len(before.parts - after.parts) == 1
    assert history.version(before.name) == after, "what a model names is what is left of it"
    assert history.behind(before.name) == {before.name, after.name}
    with pytest.raises(DamagedHistory):
        history.months(before, tmp_path)
    assert erase_from_history(database, history) == 0, "it is gone already"


def test_an_erased_order_leaves_older_versions_that_models_name(
    database: Database, history: HistoryStore, tmp_path: Path
) -> None:
    older = history.must_have()
    write_orders(tmp_path, general_table(made_up_history(320)), SHOP)
    newest = publish_prepared(tmp_path / "prepared", history)
    erase(database, "order-7")
    erase_from_history(database, history)
    for version, orders in ((older, 299), (newest, 319)):
        (tmp_path / version.name).mkdir()
        left = history.months(history.version(version.name), tmp_path / version.name)
        ids = {order_id for month in left for order_id in pq.read_table(month)["order_id"].to_pylist()}
        assert (len(ids), "order-7" in ids) == (orders, False)


def test_a_damaged_version_keeps_no_order_in_the_others(
    database: Database, history: HistoryStore, store: ObjectStore, tmp_path: Path
) -> None:
    older = history.must_have()
    write_orders(tmp_path, general_table(made_up_history(320)), SHOP)
    publish_prepared(tmp_path / "prepared", history)
    store.put(history._address(f"versions/{older.name}.json"), b"{}")
    erase(database, "order-7")
    assert erase_from_history(database, history) == 2, "a month of each version"
    assert "order-7" not in set(ids(history))


def test_a_damaged_part_keeps_no_order_in_the_others_and_is_named_until_it_is_gone(
    database: Database, history: HistoryStore, store: ObjectStore
) -> None:
    other = history.must_have().months["2017-12"].sha256
    address = history._address(f"parts/{other}")
    store.put(address, b"PAR1")
    before = set(history.part_names())
    erase(database, "order-7")
    for rewritten in (1, 0):
        with pytest.raises(ExceptionGroup, match="erased orders") as failed:
            erase_from_history(database, history)
        assert failed.group_contains(DamagedHistory, match=other)
        assert len(set(history.part_names()) - before) == 1, f"{rewritten} written"
    store.delete(address)
    assert erase_from_history(database, history) == 0


def test_what_a_training_that_had_begun_before_writes_of_it_is_erased_too(
    database: Database, history: HistoryStore, tmp_path: Path
) -> None:
    erase(database, "order-7")
    erase_from_history(database, history)
    with database.transaction() as session:
        erasures.archive_is_clean(session, ["order-7"])
    write_orders(tmp_path, general_table(made_up_history(301)), SHOP)
    publish_prepared(tmp_path / "prepared", history)
    assert "order-7" in set(ids(history))
    assert erase_from_history(database, history) == 1
    assert "order-7" not in set(ids(history))


def test_a_version_whose_part_was_erased_while_it_was_made_is_not_published(
    database: Database, history: HistoryStore, tmp_path: Path
) -> None:
    being_made = history.must_have().model_copy(update={"source": {}})
    erase(database, "order-7")
    erase_from_history(database, history)
    with pytest.raises(DamagedHistory, match="was erased while"):
        history.publish(being_made, "")
    assert history.must_have().orders == 299


@pytest.mark.parametrize("writes", range(4))
def test_an_erasure_that_dies_is_done_by_the_next(
    database: Database, history: HistoryStore, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    before = history.must_have()
    erase(database, "order-7")
    done = []

    def dying(work: Callable[..., None]) -> Callable[..., None]:
        def run(*given: Any, **named: Any) -> None:
            if len(done) == writes:
                raise ObjectStoreUnavailable("it died")
            done.append(given)
            work(*given, **named)

        return run

    with monkeypatch.context() as patched:
        for name in ("put", "delete"):
            patched.setattr(history._objects, name, dying(getattr(history._objects, name)))
        with pytest.raises(ObjectStoreUnavailable) if writes < 3 else nullcontext():
            erase_from_history(database, history)
    assert set(ids(history)) >= {f"order-{number}" for number in range(300)} - {"order-7"}, "readable all the time"
    erase_from_history(database, history)
    assert "order-7" not in set(ids(history))
    assert history.version(before.name).orders == 299
    assert len(history.part_names()) == len(history.must_have().parts)


def test_a_month_whose_only_order_is_erased_is_no_month_any_more(
    database: Database, store: ObjectStore, tmp_path: Path
) -> None:
    table = general_table(made_up_history(300))
    write_orders(tmp_path, table.head(1).vstack(table.tail(50)), SHOP)
    history = HistoryStore(store, f"tests/{tmp_path.name}-one/")
    publish_prepared(tmp_path / "prepared", history)
    erase(database, table["order_id"][0])
    assert erase_from_history(database, history) == 1
    assert "2017-01" not in history.must_have().months
    assert len(ids(history)) == 50

"""An order that is erased is in no version of the history any more, and all others are."""

from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import delete

from common.database import erasures
from common.database.session import Database
from common.database.tables import Erasure
from common.errors import DamagedHistory
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
    with pytest.raises(DamagedHistory):
        history.months(before, tmp_path)
    assert erase_from_history(database, history) == 0, "it is gone already"


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

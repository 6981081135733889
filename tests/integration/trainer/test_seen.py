"""What the system has seen of orders is in the next history: from Postgres, from the archive, and from both alike."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import polars as pl
import pytest
from sqlalchemy import text

from common.database import actuals, erasures
from common.database.actuals import OrderReport
from common.database.session import Database
from common.orders.shop.sections import Facts
from common.servers.history import HistoryStore
from common.servers.objects import ObjectStore
from monitor.archive.moving import archive_actuals, archive_months
from monitor.log.store import store as log
from support import example
from support.model_fixtures import SHOP, made_up_history
from support.prepared_data import general_table, write_orders
from trainer.published import seen as seen_module
from trainer.published.publish import put_source
from trainer.published.read import read_version
from trainer.published.seen import Seen, read_seen
from trainer.published.union import with_seen

FACTS = Facts(category=("carrier",))
START = datetime(2024, 3, 5, tzinfo=UTC)
EVER = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _nothing_is_known(database: Database) -> None:
    with database.transaction() as session:
        session.execute(text("TRUNCATE predictions, actuals, erasures, cold_files, api_keys"))


def ask(database: Database, count: int, **changes: Any) -> None:
    """Log answers to orders, one an hour."""
    log(database.engine, example.logged(count, START, timedelta(hours=1), **changes))


def report(database: Database, order_id: str, **words: datetime | None) -> None:
    with database.transaction() as session:
        actuals.store(session, [OrderReport(order_id=order_id, **words)])


@pytest.fixture
def seen(database: Database, store: ObjectStore) -> Any:
    def read() -> Seen:
        (every_order,) = read_seen(database, store, FACTS)
        return every_order

    return read


def rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    return frame.sort("order_id").to_dicts()


def test_an_order_counts_once_with_its_first_answer_and_its_facts(database: Database, seen: Any) -> None:
    ask(database, 2, further={"origin_region": "north", "facts": {"carrier": "fast"}})
    ask(database, 2, predicted_at=START + timedelta(days=9), delivery_time_days=1.0, further=None)
    ask(database, 1, order_id=None)
    ask(database, 1, order_id="shadow", role="challenger")
    ask(database, 1, order_id="ahead", purchase_timestamp=START + timedelta(days=3))
    first, second = rows(seen().asked)
    assert (first["order_id"], second["order_id"]) == ("order-0", "order-1")
    assert (first["origin_region"], first["carrier"], first["delivery_time_days"]) == ("north", "fast", 8.0)
    assert (first["purchase_timestamp"], first["destination_lat"]) == (START, example.ORDER["customer_lat"])


def test_what_another_shops_model_has_answered_is_none_of_its_orders(database: Database, store: ObjectStore) -> None:
    ask(database, 2)
    ask(database, 1, order_id="of-another", model_version="2")
    (seen,) = read_seen(database, store, FACTS, lambda version: version == "1")
    assert sorted(seen.asked["order_id"]) == ["order-0", "order-1"]


def test_who_may_only_ask_teaches_nothing(database: Database, seen: Any) -> None:
    ask(database, 1, key_id="of-nobody-who-reports")
    assert seen().asked.is_empty()


def test_the_newest_word_of_each_kind_counts(database: Database, seen: Any) -> None:
    report(database, "one", delivered_at=START)
    report(database, "one", shipped_at=START - timedelta(days=1))
    report(database, "two", delivered_at=START)
    report(database, "two", delivered_at=None)
    one, two = rows(seen().words)
    assert (one["delivered_at"], one["shipped_at"], one["lost_at_said"]) == (START, START - timedelta(days=1), None)
    assert two["delivered_at"] is None
    assert two["delivered_at_said"] is not None, "it was taken back, which is a word"


def test_the_archive_changes_nothing_of_what_was_seen(database: Database, store: ObjectStore, seen: Any) -> None:
    ask(database, 40, further={"facts": {"carrier": 'a "quoted", one'}})
    report(database, "order-1", delivered_at=START + timedelta(days=2))
    report(database, "order-2", cancelled_at=START + timedelta(days=2))
    hot = seen()
    assert len(archive_months(database, store, EVER)) == 1
    assert len(archive_actuals(database, store, EVER)) == 1
    cold = seen()
    assert rows(cold.asked) == rows(hot.asked)
    assert rows(cold.words) == rows(hot.words)
    report(database, "order-1", delivered_at=START + timedelta(days=3))
    assert rows(seen().words)[0]["delivered_at"] == START + timedelta(days=3), "a late word about an archived order"


def test_an_order_that_was_erased_is_in_no_next_history(database: Database, seen: Any) -> None:
    ask(database, 2)
    with database.transaction() as session:
        erasures.erase(session, "order-0")
    assert seen().asked["order_id"].to_list() == ["order-1"]


def test_an_order_that_was_erased_and_is_still_in_the_archive_is_in_none_either(
    database: Database, store: ObjectStore, seen: Any
) -> None:
    ask(database, 2)
    report(database, "order-0", delivered_at=START)
    assert archive_months(database, store, EVER)
    assert archive_actuals(database, store, EVER)
    with database.transaction() as session:
        erasures.erase(session, "order-0")
    assert seen().asked["order_id"].to_list() == ["order-1"]
    assert seen().words.is_empty()
    ask(database, 1, predicted_at=EVER - timedelta(days=1))
    assert sorted(seen().asked["order_id"]) == ["order-0", "order-1"], "asked again later it is a new order"


def test_months_of_what_was_seen_are_written_and_all_others_stay(
    database: Database, store: ObjectStore, seen: Any, tmp_path: Path
) -> None:
    history = HistoryStore(store, f"tests/{uuid4()}/")
    write_orders(tmp_path, general_table(made_up_history(600)), SHOP)
    source = put_source(tmp_path / "prepared", history)
    ask(database, 30, order_id="of-this-year")
    report(database, "of-this-year", delivered_at=START + timedelta(days=5))
    report(database, "order-3", delivered_at=START)
    months = with_seen(history, source, [seen()])
    (unlearned,) = {month for month in source.source if months.get(month) != source.source[month]}
    assert months["2024-03"].rows == 1
    assert months[unlearned].rows == source.source[unlearned].rows - 1, "no order takes years"
    version = history.publish(source.model_copy(update={"months": months}), "")
    read = read_version(history, version, np.datetime64("2025-01-01", "s"))
    assert len(read.history) == 599, "one order alone, years after all others, says nothing yet"


def test_nothing_seen_is_the_source_as_it_is(store: ObjectStore, seen: Any, tmp_path: Path) -> None:
    history = HistoryStore(store, f"tests/{uuid4()}/")
    write_orders(tmp_path, general_table(made_up_history(100)), SHOP)
    source = put_source(tmp_path / "prepared", history)
    nothing: Seen = seen()
    assert with_seen(history, source, [nothing]) == source.source


def test_of_many_orders_each_is_in_one_part_and_the_history_is_the_same(
    database: Database, store: ObjectStore, seen: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = HistoryStore(store, f"tests/{uuid4()}/")
    write_orders(tmp_path, general_table(made_up_history(60)), SHOP)
    source = put_source(tmp_path / "prepared", history)
    ask(database, 40)
    ask(database, 20, predicted_at=START + timedelta(days=9), delivery_time_days=1.0)
    for number in range(0, 80, 3):
        report(database, f"order-{number}", delivered_at=START + timedelta(days=number))
    at_once = with_seen(history, source, [seen()])
    monkeypatch.setattr(seen_module, "AT_ONCE", 10)
    parts = list(read_seen(database, store, FACTS))
    assert len(parts) == 7
    assert max(part.order_ids.height for part in parts) < 25
    asked = [each for part in parts for each in part.asked["order_id"]]
    assert sorted(asked) == sorted(f"order-{number}" for number in range(40))
    assert with_seen(history, source, parts) == at_once

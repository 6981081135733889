"""What models learn from, and what was odd in it, in the browser."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from common.servers.history import FOLDER, HistoryStore
from common.servers.objects import ObjectAddress, ObjectStore
from support.console_fixtures import Console, visit
from support.prepared_data import write_prepared
from trainer.published.publish import publish_prepared

REPORT = {
    "rows_in": {"orders.csv": 4_010},
    "dropped": {"delivered before the purchase": 10},
    "orders": 4_000,
    "orders_under_way": 80,
    "source": {
        "source": "orders.csv",
        "notes": ["delimiter ;"],
        "implausible": [],
        "findings": [{"code": "same_end", "count": 12, "text": "12 orders end on one day", "barred": None}],
        "barred": ["promised_timestamp"],
    },
}

MONTH = ("mae_vs_promise", "coverage", "on_time_share", "olist_on_time_share")


@pytest.fixture(scope="module", autouse=True)
def nothing_published(store: ObjectStore) -> Iterator[None]:
    """No history before these tests, and none after them."""
    for after in (False, True):
        for name in ("newest.json", "report.json", "backtest.json"):
            store.delete(ObjectAddress(store.bucket, FOLDER + name))
        if not after:
            yield


def test_a_shop_without_a_history_is_told_how_to_get_one(chromium: Browser, console: Console) -> None:
    with visit(chromium, console.url) as seen:
        seen.open("/data")
        expect(seen.page.get_by_text("no history of orders is in the object store yet")).to_be_visible()


def test_the_history_and_what_was_odd_in_it_are_shown(
    chromium: Browser, console: Console, store: ObjectStore, tmp_path: Path
) -> None:
    write_prepared(tmp_path, rows=500)
    (tmp_path / "prepared" / "report.json").write_text(json.dumps({**REPORT, "source_mark": ""}))
    version = publish_prepared(tmp_path / "prepared", HistoryStore(store))
    with visit(chromium, console.url) as seen:
        seen.open("/data")
        expect(seen.page.get_by_text(version.name)).to_be_visible()
        expect(seen.page.get_by_role("img", name="Orders by month")).to_be_visible()
        expect(seen.page.get_by_role("row", name="dropped: delivered before the purchase")).to_contain_text("10")
        expect(seen.page.get_by_role("listitem").filter(has_text="12 orders end on one day")).to_be_visible()
        expect(seen.page.get_by_role("listitem").filter(has_text="promised_timestamp")).to_be_visible()


def test_the_newest_backtest_is_shown_with_what_each_input_is_worth(
    chromium: Browser, console: Console, store: ObjectStore
) -> None:
    month = dict.fromkeys(MONTH, 0.9) | {"orders": 1_200, "mae": 5.0, "median_mae": 10.0, "promise_days_vs_olist": -1.3}
    worth = {"facts": {"weight_kg": 0.25, "colour": -0.01}, "facts_used": ["weight_kg"]}
    promise = {"promise_worth": None, "promise_used": None}
    figures = month | worth | promise | {"shop": "trucks", "months": [month | {"month": "2019-10"}]}
    HistoryStore(store).reports.put("backtest", json.dumps(figures).encode())
    with visit(chromium, console.url) as seen:
        seen.open("/data")
        expect(seen.page.get_by_role("img", name="Error by month")).to_be_visible()
        row = seen.page.get_by_role("row", name="2019-10")
        expect(row).to_have_text("2019-101,2005.0050 %90.0 %90.0 %90.0 %1.3")
        expect(seen.page.get_by_role("row", name="fact weight_kg")).to_contain_text("0.250")
        expect(seen.page.get_by_role("row", name="fact colour")).to_contain_text("did not help")

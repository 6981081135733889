"""Orders in the browser: what is said of one, which are at risk, and the same as a file."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import delete

from common.database.session import Database
from common.database.tables import OrderAtRisk, Prediction, Replay
from support.console_fixtures import Console, visit
from support.example import ORDER
from support.gateway_fixtures import Gateway

NOW = datetime.now(UTC).replace(microsecond=0)
BOUGHT = NOW - timedelta(days=10)
DAY = timedelta(days=1)


@pytest.fixture(scope="module", autouse=True)
def at_risk(database: Database) -> Iterator[None]:
    """Thirty orders at risk, the first the worst, promised a day after each other; the present is no replay's."""
    moments = {"purchase_timestamp": BOUGHT, "since": NOW, "computed_at": NOW, "owner": "", "model_version": "1"}
    with database.transaction() as session:
        session.execute(delete(Replay))
        session.execute(delete(OrderAtRisk))
        for number in range(30):
            at = {"promised_at": NOW + number * DAY, "expected_at": NOW + 5 * DAY, **moments}
            probability = 0.99 - number / 100
            session.add(OrderAtRisk(order_id=f"risky/{number}", probability=probability, at_risk=True, **at))
        calm = moments | {"promised_at": NOW, "expected_at": NOW}
        session.add(OrderAtRisk(order_id="calm", probability=0.1, at_risk=False, **calm))
    yield
    with database.transaction() as session:
        session.execute(delete(OrderAtRisk))


def asked(database: Database, order_id: str, at: timedelta, days: float, promise_days: float) -> None:
    """An answer in the log, of an order with a promise."""
    promised = (BOUGHT + promise_days * DAY).replace(tzinfo=None).isoformat()
    with database.transaction() as session:
        session.add(
            Prediction(
                id=uuid4(), predicted_at=BOUGHT + at, request_id="r", order_id=order_id, model_version="1",
                delivery_time_days=days, lower_days=3, upper_days=20, seller_known=True, latency_ms=1,
                purchase_timestamp=BOUGHT, further={"promised_timestamp": promised}, **ORDER,
            )
        )  # fmt: skip


def test_an_order_shows_what_was_asked_promised_and_is_expected_now(
    chromium: Browser, console: Console, database: Database
) -> None:
    order_id = f"late?#/{uuid4().hex}"[:64]
    asked(database, order_id, timedelta(0), 8.0, promise_days=9)
    asked(database, order_id, 4 * DAY, 9.5, promise_days=9)
    with visit(chromium, console.url) as seen:
        seen.open("/orders")
        seen.page.get_by_label("Order id").fill(order_id)
        seen.page.get_by_label("Order id").press("Enter")
        expect(seen.page.get_by_text("Under way, expected on 2")).to_be_visible()
        expect(seen.page.get_by_text("It is late already.")).to_be_visible()
        story = seen.page.get_by_role("table", name="The order's story").get_by_role("row")
        expect(story).to_have_count(5)
        expect(story.nth(1)).to_contain_text("ordered")
        expect(story.nth(3)).to_contain_text("asked: expected on")
        expect(story.nth(4)).to_contain_text("promised by then")


def test_a_delivered_order_kept_its_promise_or_did_not(
    chromium: Browser, console: Console, gateway: Gateway, database: Database
) -> None:
    order_id = uuid4().hex
    asked(database, order_id, timedelta(0), 8.0, promise_days=9)
    delivered = {"order_id": order_id, "shipped_at": BOUGHT + DAY, "delivered_at": BOUGHT + 7 * DAY}
    body = {name: value if isinstance(value, str) else value.isoformat() for name, value in delivered.items()}
    assert gateway.client.post("/actuals", json={"actuals": [body]}).status_code == 202
    with visit(chromium, console.url, width=360) as seen:
        seen.open(f"/order?id={order_id}")
        expect(seen.page.get_by_text("Delivered after 7.0 days")).to_be_visible()
        expect(seen.page.get_by_text("It kept its promise.")).to_be_visible()
        expect(seen.page.get_by_text("handed over to the carrier")).to_be_visible()
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("order_id", ["nobody-asked", "..", "a/../b"])
def test_an_order_that_nobody_asked_for_is_said_to_be_unknown(
    chromium: Browser, console: Console, order_id: str
) -> None:
    with visit(chromium, console.url) as seen:
        seen.open(f"/order?id={order_id}")
        expect(seen.page.get_by_text(f"there is no order '{order_id}'")).to_be_visible()


def test_those_at_risk_come_worst_first_a_page_at_a_time_and_between_two_days(
    chromium: Browser, console: Console
) -> None:
    with visit(chromium, console.url) as seen:
        seen.open("/")
        panel = seen.page.locator("section").filter(has=seen.page.get_by_role("heading", name="Orders at risk"))
        expect(panel).to_contain_text("30")
        panel.get_by_role("link").click()
        rows = seen.page.get_by_role("table", name="Orders at risk").get_by_role("row")
        expect(rows).to_have_count(26)
        expect(rows.nth(1)).to_contain_text("risky/0")
        seen.page.get_by_role("button", name="Older").click()
        expect(rows).to_have_count(6)
        for label, days in (("First day", 3), ("Last day", 5)):
            seen.page.get_by_label(label).fill(f"{NOW + days * DAY:%Y-%m-%d}")
        seen.page.get_by_role("button", name="Show", exact=True).click()
        expect(rows).to_have_count(4)
        with seen.page.expect_download() as started:
            seen.page.get_by_role("link", name="Download as CSV").click()
        lines = list(csv.DictReader(io.StringIO(Path(started.value.path()).read_text())))
        assert [line["order_id"] for line in lines] == ["risky/3", "risky/4", "risky/5"]
        rows.nth(1).get_by_role("link").click()
        expect(seen.page.locator("h1")).to_have_text("Order risky/3")


def test_the_whole_list_comes_as_a_file_and_a_day_that_is_none_is_refused(console: Console) -> None:
    answer = console.client.get("/orders/at-risk.csv")
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(lines) == 30
    assert lines[0]["late_probability"] == "0.99"
    refused = console.client.get("/orders/at-risk.csv", params={"first": "yesterday"})
    assert (refused.status_code, "the first day must be a date" in refused.text) == (422, True)

"""Alerts in the browser: the runbook beside them, acknowledged with a name and a word."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import text

from common.database import alerts
from common.database.alerts import Finding
from common.database.session import Database
from support.console_fixtures import Console, visit

MESSAGE = "deliveries in RJ take 18.2 days at present, 16.7 or less on 95% of the days in the training data"


@pytest.fixture(autouse=True)
def no_other_alerts(database: Database) -> Iterator[None]:
    forget_alerts(database)
    yield
    forget_alerts(database)


def forget_alerts(database: Database) -> None:
    with database.transaction() as session:
        session.execute(text("TRUNCATE alerts CASCADE"))


def change(database: Database, what: str, subject: str = "RJ") -> None:
    with database.transaction() as session:
        alerts.apply(session, "pace-out-of-range", "warning", [Finding(subject, what, MESSAGE)])  # type: ignore[arg-type]


def test_an_open_alert_has_its_runbook_and_is_acknowledged_with_a_name_and_a_word(
    chromium: Browser, console: Console, database: Database
) -> None:
    change(database, "open")
    with visit(chromium, console.url) as seen:
        seen.open("/")
        expect(seen.page.locator(".verdict")).to_contain_text(MESSAGE)
        seen.open("/alerts")
        expect(seen.page.get_by_role("complementary")).to_contain_text("Deliveries in a region take longer")
        seen.page.get_by_role("button", name="Acknowledge").click()
        expect(seen.page.get_by_text("write your name")).to_be_visible()
        seen.page.get_by_label("Your name").fill("Ann")
        seen.page.get_by_label("What you do about it").fill("told the support desk")
        seen.page.get_by_role("button", name="Acknowledge").click()
        expect(seen.page.get_by_text("Looked after by Ann: told the support desk")).to_be_visible()
    with database.transaction() as session:
        (kept,) = alerts.listed(session, everything=False)
        assert (kept.status, kept.acknowledged_by) == ("acknowledged", "Ann: told the support desk")


def test_closed_alerts_are_paged(chromium: Browser, console: Console, database: Database) -> None:
    for number in range(23):
        change(database, "open", f"region {number}")
        change(database, "close", f"region {number}")
    with visit(chromium, console.url) as seen:
        seen.open("/alerts")
        expect(seen.page.get_by_text("23 in all")).to_be_visible()
        expect(seen.page.get_by_role("row")).to_have_count(21)
        seen.page.get_by_role("button", name="Older").click()
        expect(seen.page.get_by_role("row")).to_have_count(4)
        expect(seen.page.get_by_role("button", name="Older")).to_be_disabled()

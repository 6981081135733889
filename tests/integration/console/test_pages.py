"""Every page in a real browser: whole, readable, without errors, asking no other host."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from support.console_fixtures import Console, visit
from support.waiting import wait_until

PAGES = ("/", "/ask", "/files", "/orders", "/alerts", "/models", "/quality", "/pace", "/data")
SERIOUS = ("serious", "critical")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits_a_phone_and_a_desk_in_light_and_dark(chromium: Browser, console: Console, path: str) -> None:
    for width, dark in ((360, True), (1440, False)):
        with visit(chromium, console.url, width, dark) as seen:
            seen.open(path)
            expect(seen.page.locator("[aria-label=loading]")).to_have_count(0)
            assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
            found = [each for each in Axe().run(seen.page).response["violations"] if each["impact"] in SERIOUS]
            assert [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in found] == []


def test_the_keyboard_skips_to_the_content_and_walks_the_pages(chromium: Browser, console: Console) -> None:
    with visit(chromium, console.url) as seen:
        seen.open("/")
        seen.page.keyboard.press("Tab")
        expect(seen.page.get_by_role("link", name="Skip to the content")).to_be_focused()
        seen.page.keyboard.press("Tab")
        seen.page.keyboard.press("Tab")
        seen.page.keyboard.press("Enter")
        expect(seen.page.locator("h1")).to_have_text("Ask")


def test_light_or_dark_is_remembered(chromium: Browser, console: Console) -> None:
    with visit(chromium, console.url) as seen:
        seen.open("/")
        dark = seen.page.locator("body.body--dark")

        def switched() -> bool:
            if not dark.count():  # a click in the moment in which the page is set up is undone
                seen.page.get_by_role("button", name="Switch between light and dark").click()
                seen.page.wait_for_timeout(300)
            return bool(dark.count())

        wait_until(switched)
        seen.open("/alerts")
        expect(dark).to_have_count(1)


def test_now_shows_the_champion_and_that_the_registry_is_away(chromium: Browser, console: Console) -> None:
    with visit(chromium, console.url) as seen:
        seen.open("/")
        expect(seen.page.get_by_text("Version 1")).to_be_visible()
        expect(seen.page.get_by_text("The registry is away since")).to_be_visible()
        expect(seen.page.locator(".verdict")).to_contain_text("the registry is away")

"""A question in the browser has the gateway's answer."""

from playwright.sync_api import Browser, expect

from support.console_fixtures import Console, visit
from support.gateway_fixtures import Gateway

ORDER = {
    "seller_zip_code_prefix": 9350,
    "customer_lat": -23.577,
    "customer_lng": -46.587,
    "purchase_timestamp": "2018-03-05T10:00:00",
}


def test_the_answer_is_the_gateways_with_its_interval_and_the_same_as_curl(
    chromium: Browser, console: Console, gateway: Gateway
) -> None:
    expected = gateway.client.post("/delivery_time", json=ORDER).json()
    with visit(chromium, console.url) as seen:
        seen.open("/ask")
        for name, value in ORDER.items():
            seen.page.locator(f"input[name={name}]").fill(str(value))
        seen.page.get_by_role("button", name="Ask", exact=True).click()
        days = f"{expected['delivery_time_days']:.1f} days: {expected['delivery_date']}"
        expect(seen.page.get_by_text(days, exact=True)).to_be_visible()
        words = f"between {expected['lower_days']:.1f} and {expected['upper_days']:.1f} days"
        expect(seen.page.get_by_text(words)).to_be_visible()
        promised = gateway.client.post("/delivery_time", json={**ORDER, "on_time_share": [0.9, 0.99]}).json()
        for steps, promise in zip((0, 2), promised["promises"], strict=True):
            for _ in range(steps):
                seen.page.locator(".q-slider [tabindex]").press("ArrowRight")
            share = f"{100 * promise['on_time_share']:.0f} % of such orders"
            within = f"{share} arrive by then, within {promise['days']:.1f} days"
            expect(seen.page.get_by_text(within)).to_be_visible()
            expect(seen.page.get_by_text(promise["date"], exact=True).first).to_be_visible()
        curl = seen.page.locator("pre").inner_text()
        assert f"{gateway.url}/delivery_time" in curl
        assert '"seller_zip_code_prefix": 9350' in curl


def test_a_wrong_field_is_refused_in_the_gateways_words(chromium: Browser, console: Console) -> None:
    with visit(chromium, console.url) as seen:
        seen.open("/ask")
        seen.page.locator("input[name=customer_lat]").fill("123.4")
        seen.page.get_by_role("button", name="Ask", exact=True).click()
        expect(seen.page.get_by_text("customer_lat must be less than or equal to 90 (got 123.4)")).to_be_visible()


def test_a_click_on_the_picture_fills_the_place(chromium: Browser, console: Console) -> None:
    with visit(chromium, console.url) as seen:
        seen.open("/ask")
        latitude = seen.page.locator("input[name=customer_lat]")
        before = latitude.input_value()
        box = seen.page.locator(".chart").bounding_box()
        assert box
        for step in range(1, 40):  # the made-up places lie on a line from north to south
            share = step / 40
            across, down = 48 + (box["width"] - 60) * share, 8 + (box["height"] - 36) * (1 - share)
            seen.page.mouse.click(box["x"] + across, box["y"] + down)
            if latitude.input_value() != before:
                break
        assert latitude.input_value() != before

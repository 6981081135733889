"""One order: when it is expected, whether it will be late, and what was said of it since its purchase."""

from datetime import UTC, datetime, timedelta

from fastapi import FastAPI
from nicegui import ui
from starlette.requests import Request

from console.frame.markup import block, facts, table, text
from console.frame.panel import Panel
from console.frame.shell import Shell
from console.frame.words import lasting, number, percent
from console.pages.orders import SCOPES
from console.reads.orders import Answer, Order, Orders

SECONDS = 30.0
LIKELY = 0.5
"""From this probability on, an order is called likely late, as on the list of those at risk."""


class OrderPage:
    """The gateway's word on one order."""

    def __init__(self, shell: Shell, orders: Orders) -> None:
        self._shell = shell
        self._orders = orders

    def add(self, _: FastAPI) -> None:
        """Serve the page at /order?id=ORDER: an id may have slashes."""

        @ui.page("/order", dark=None)
        def page(request: Request) -> None:
            order_id = request.query_params.get("id", "")
            with self._shell.page(request, "/orders", f"Order {order_id[:64]}") as visitor:
                if visitor.may(*SCOPES):
                    Panel("Where it stands", lambda: self._orders.of(visitor, order_id), self._draw, SECONDS)
                else:
                    text("p", "To see orders it takes a key with the scope predict or read.", "panel")

    def _draw(self, order: Order) -> None:
        _draw_standing(order)
        _draw_bar(order)
        estimate = order.present_estimate
        if estimate:
            since = "its hand-over" if estimate.forecast_from == "hand_over" else "its purchase"
            facts(
                [
                    ("expected by now", f"{lasting(estimate.delivery_time_days)} after the purchase"),
                    ("nine of ten such orders", f"{estimate.lower_date} to {estimate.upper_date}"),
                    (
                        "estimated from",
                        f"{since}, by version {estimate.model_version}, at the pace of {estimate.pace_day}",
                    ),
                ]
            )
        text("h3", "Its story")
        moment = self._shell.words.moment
        rows = [(moment(at), what, number(_days(order, at), 1)) for at, what in story(order)]
        table("The order's story", ("@when", "what", "#days after purchase"), rows)


def story(order: Order) -> list[tuple[datetime, str]]:
    """What was asked, promised and reported of an order, in the order of time."""
    told = [(order.purchase_timestamp, "ordered")]
    told += [(answer.predicted_at, _answered(order, answer)) for answer in order.answers]
    known = (
        (order.shipped_at, "handed over to the carrier"),
        (order.promised_at, "promised by then"),
        (order.delivered_at, "delivered"),
        (order.cancelled_at, "cancelled"),
        (order.lost_at, "lost"),
    )
    told += [(at, what) for at, what in known if at is not None]
    return sorted(told, key=lambda each: each[0])


def _answered(order: Order, answer: Answer) -> str:
    expected, low, high = (
        f"{order.purchase_timestamp + timedelta(days=days):%Y-%m-%d}"
        for days in (answer.delivery_time_days, answer.lower_days, answer.upper_days)
    )
    return f"asked: expected on {expected}, nine of ten between {low} and {high} (version {answer.model_version})"


def _draw_standing(order: Order) -> None:
    estimate, late = order.present_estimate, order.late_probability
    if order.status == "delivered" and order.delivered_at:
        text("p", f"Delivered after {lasting(_days(order, order.delivered_at))}", "big")
        if late is not None:
            text("p", "It missed its promise." if late else "It kept its promise.", "bad" if late else "good")
        return
    if estimate is None:
        text("p", order.status.capitalize(), "big bad")
        return
    text("p", f"Under way, expected on {estimate.delivery_date}", "big")
    if late is None:
        text("p", "Nobody promised anything, so it cannot be late.", "soft")
    elif order.promised_at and order.promised_at < datetime.now(UTC):
        text("p", "It is late already.", "bad")
    else:
        text(
            "p", f"It will miss its promise with a probability of {percent(late)}.", "bad" if late >= LIKELY else "good"
        )


def _draw_bar(order: Order) -> None:
    """Days from the purchase on a line: nine of ten, the expected day, and the promise or the delivery."""
    said = order.present_estimate or order.answers[0]
    marks = [("promise", order.promised_at), ("arrival", order.delivered_at)]
    known = [(name, _days(order, at)) for name, at in marks if at is not None]
    scale = max(said.upper_days, *(days for _, days in known), 0.0) * 1.05 or 1.0
    with block("div", "interval").props('aria-hidden="true"'):
        width = said.upper_days - said.lower_days
        block("div", "range").style(f"left: {said.lower_days / scale:.1%}; width: {width / scale:.1%}")
        block("div", "median").style(f"left: {said.delivery_time_days / scale:.1%}")
        for name, days in known:
            block("div", name).style(f"left: {max(days, 0.0) / scale:.1%}")
    words = ["nine of ten such orders", "the expected day", *(f"its {name}" for name, _ in known)]
    text("p", f"From the purchase to {number(scale)} days after it: {', '.join(words)}.", "soft")


def _days(order: Order, at: datetime) -> float:
    return (at - order.purchase_timestamp) / timedelta(days=1)
